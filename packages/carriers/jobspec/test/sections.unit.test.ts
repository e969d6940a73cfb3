/** Which statements of JobSpec v0 this package keeps, and that each has a test: titles name their sections. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

/**
 * The sections of the contract that a pure package can keep. The others speak of HTTP (§4.1, §4.2, §5.6, §6 but for
 * the actor, §15 but for the fold of schedules), or of files (§7.1, §7.4 to §7.7).
 */
const own = [
  ["1.3", "JSON on output"],
  ["1.4", "time"],
  ["2", "both names of the consumer surface"],
  ["3.1", "health"],
  ["3.2", "ready"],
  ["3.3", "status"],
  ["3.4", "events: cursor, limit, the shape of an event"],
  ["3.5", "the plans manifest"],
  ["3.6", "the list of schedules"],
  ["4", "the texts of refusals"],
  ["5.1", "submit"],
  ["5.2", "cancel"],
  ["5.3", "cancel by path"],
  ["5.4", "the consumer's trigger"],
  ["5.5", "creating and deleting schedules"],
  ["6.4", "the actor"],
  ["7.2", "the record"],
  ["7.3", "validation of an envelope"],
  ["7.8", "schema versions and unknown types"],
  ["8", "the catalogue"],
  ["9", "identifiers"],
  ["10.1", "defaults"],
  ["10.2", "what can be claimed"],
  ["10.3", "claim next"],
  ["10.4", "claim a given job"],
  ["10.5", "the effect of a claim"],
  ["10.6", "expiry and exhaustion"],
  ["10.7", "heartbeat, complete, fail"],
  ["10.8", "transitions"],
  ["11", "the state of a job"],
  ["12.1", "the projection set"],
  ["12.2", "manifests"],
  ["12.3", "a job's projection"],
  ["12.4", "families and targets"],
  ["12.5", "stale and degraded"],
  ["12.6", "stored snapshots"],
  ["13", "the consumer surface"],
  ["14", "payloads"],
  ["15.4", "which schedules there are"],
  ["18.1", "cost that does not grow"],
  ["18.2", "nothing lost, merged or doubled"],
  ["18.3", "one line takes nothing down"],
  ["18.4", "nothing stale is presented as current"],
  ["18.6", "bounds, and what must not be accepted"],
] as const

/** The titles of tests, with the sections they name. */
const titles = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".test.ts") && name !== "sections.unit.test.ts")
  .flatMap((name) => readFileSync(join(import.meta.dirname, name), "utf8").match(/["`]§[^\n"`]*/gu) ?? [])

it("every section that this package keeps has a test that names it", () => {
  const named = new Set(
    titles.flatMap((title) => [...title.matchAll(/§(\d+(?:\.\d+)?)/gu)].map(([, section]) => section)),
  )
  const without = own.filter(([section]) => !named.has(section))
  console.log(
    `sections without a test: ${without.map(([section, what]) => `§${section} ${what}`).join(", ") || "none"}`,
  )
  expect(without).toEqual([])
  // A title may also name a whole chapter, and nothing else.
  const chapters = new Set(["3", "5", "10", "12"])
  const others = [...named].filter(
    (section = "") => !chapters.has(section) && !own.some(([known]) => known === section),
  )
  expect(others).toEqual([])
})
