import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { Effect } from "effect"
import { expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { folder, startServer, token } from "./support/server.ts"

const page = readFileSync(join(import.meta.dirname, "../../../docs/workers.md"), "utf8")

/** A program as the page has it. */
const printed = (name: string): string => {
  const code = page.split(`file=${name}\n`)[1]?.split("```")[0]
  if (code === undefined) throw new Error(`docs/workers.md has no ${name}`)
  return code
}

/** A worker that gives its first hold back in the midst of the work, as if the lease had run out. */
const losing = (text: string): string =>
  text.replace("    return {", '    if job["attempt"] == 1:\n        post(path + "/release", hold)\n    return {')

interface Worker {
  readonly name: string
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly change?: (text: string) => string
  readonly attempt?: number
}

const worker =
  ({ args, attempt = 1, change = (text) => text, name, program }: Worker) =>
  (): Promise<void> =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* startServer()
          const file = join(yield* folder, name)
          writeFileSync(file, change(printed(name)))
          yield* Effect.promise(async () => {
            for (const each of ["ada", "bob"])
              await server.post("/v1/jobs", { job_type: "wiki.build", job_id: each, payload: { name: each } })
            await server.post("/v1/jobs", { job_type: "rpi.run", job_id: "not_mine" })
            const child = spawn(program, [file, ...args], {
              env: { ...process.env, WAYBILL_URL: server.url, WAYBILL_TOKEN: token },
              stdio: ["ignore", "inherit", "inherit"],
            })
            const [code] = (await once(child, "exit")) as [number | null]
            expect(code).toBe(0)
            const status = async (id: string) => (await server.get(`/waybill/v1/jobs/${id}`)).json()["job"]
            for (const each of ["ada", "bob"])
              expect(await status(each)).toMatchObject({ status: "completed", attempt })
            if (program === "python3")
              expect(await status("bob")).toMatchObject({ artifacts: { greeting: "hello-bob.txt" } })
            expect(await status("not_mine")).toMatchObject({ status: "queued" })
          })
        }),
      ),
    )

it("the page's programs are as short as it says", () => {
  for (const name of ["worker.py", "worker.sh"]) expect(printed(name).split("\n").length).toBeLessThanOrEqual(48)
})

needs("python3")(it)(
  "the worker in plain Python takes its jobs, completes them, and leaves the others",
  worker({ name: "worker.py", program: "python3", args: ["wiki.build"] }),
)

needs("python3")(it)(
  "the worker in plain Python goes on when its hold was lost before it could say that it is done",
  worker({ name: "worker.py", program: "python3", args: ["wiki.build"], change: losing, attempt: 2 }),
)

needs("curl")(it)(
  "the worker in shell does the same",
  worker({ name: "worker.sh", program: "sh", args: ["wiki.build", "grep -q claim_token"] }),
)
