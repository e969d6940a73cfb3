import { makeWorld } from "./World.ts"
import { planOf } from "./Plan.ts"
import { drawIntents } from "./intents.ts"
import { unleash } from "./chaos.ts"
import { takeAudit } from "./Audit.ts"
const plan = planOf(Number(process.argv[2]))
const intents = drawIntents(plan)
const world = makeWorld(plan, intents, false)
unleash(plan, world)
const { loop, machine } = world
while (loop.now_ms < 21_000 && loop.step());
let show = () => {
  for (const p of machine.disk.files("/job/.agents")) {
    const b = machine.disk.bytes(p)!
    console.log(
      p,
      b.length,
      p.endsWith("jsonl")
        ? b
            .toString()
            .split(",")
            .map((x) => String.fromCharCode(Number(x)))
            .join("")
            .split("\n")
            .map((l) => l.slice(0, 90))
        : Buffer.from(b)
            .toString("latin1")
            .slice(0, 400)
            .replace(/[^ -~]/g, "."),
    )
  }
}
show()
const audit = takeAudit(plan, intents, world, true)
console.log(audit.health, audit.events.map((e) => e.position).join(" "))
console.log(plan.rotate_bytes)
show()
