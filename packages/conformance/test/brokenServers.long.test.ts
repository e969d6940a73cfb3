import { checkServer, type CheckedServerLaw } from "@waybill/conformance"
import { afterAll, describe, expect, it } from "vitest"
import { withBrokenProgram } from "./support/brokenProgram.ts"
import { brokenServers, patchesOf } from "./support/brokenServers.ts"

/** A server that is wrong is caught within this time, at the kit's default settings. */
const caught_ms_max = 60_000

/** The law that ends a run: everything there is to see has been seen. */
class Caught extends Error {}

const median = (sorted: ReadonlyArray<number>): number => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN

/** Runs the whole kit until a law rejects; answers that law's verdict, what was rejected before it, and when. */
const catchBy = async (law: string, target: Parameters<typeof checkServer>[0]) => {
  const since = performance.now()
  const ending = new AbortController()
  const rejecting: Array<CheckedServerLaw> = []
  const onChecked = (checked: CheckedServerLaw): void => {
    if (checked.verdict.status === "fail") rejecting.push(checked)
    if (checked.id === law) ending.abort(new Caught())
  }
  await checkServer(target, { seed: 1, signal: ending.signal, onChecked }).catch((cause: unknown) => {
    if (!(cause instanceof Caught)) throw cause
  })
  return { rejecting, took_ms: performance.now() - since }
}

describe("a server that is wrong on purpose is rejected by the law that speaks of it, within a minute", () => {
  const table: Array<string> = []
  const times: Array<number> = []
  afterAll(() => {
    const sorted = times.toSorted((a, b) => a - b)
    console.log(["", "law | wrong on purpose | rejected by | seconds | requests", ...table.toSorted()].join("\n"))
    const [least = 0, most = 0] = [sorted[0], sorted.at(-1)]
    console.log(
      `caught in ${least.toFixed(1)} s at least, ${median(sorted).toFixed(1)} s median, ${most.toFixed(1)} s at most`,
    )
  })

  it.each(brokenServers.map((broken) => [broken.name, broken.law, broken] as const))("%s: %s", (name, law, broken) =>
    withBrokenProgram(patchesOf(broken), async (target) => {
      const { rejecting, took_ms } = await catchBy(law, target)
      const ids = rejecting.map(({ id }) => id)
      const shown = rejecting.find(({ id }) => id === law)?.requests ?? []
      times.push(took_ms / 1000)
      table.push(`${law} | ${name} | ${ids.join(" ")} | ${(took_ms / 1000).toFixed(1)} | ${shown.length}`)
      expect(ids).toContain(law)
      expect(took_ms).toBeLessThan(caught_ms_max)
      expect(shown.length).toBeGreaterThan(0)
      for (const line of shown) expect(line).toMatch(/^(?:# |curl )/u)
      expect(shown.some((line) => /^curl /mu.test(line))).toBe(true)
    }),
  )
})
