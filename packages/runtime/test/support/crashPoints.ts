/**
 * Where a settlement can be cut: the rows (its commit points and effects, in order) and the deaths before, inside and after
 * each, read off the trace of a settlement that nobody cut.
 */
import type { Death, Trace } from "./Machine.ts"

export type Place = "before" | "inside" | "after"
export interface CrashPoint extends Death {
  readonly nth: number
  readonly row: string
  readonly place: Place
}

const changing = new Set(["point", "write", "truncate", "flush", "chmod", "rename", "link", "unlink", "remove", "lock"])

type Operation = Extract<Trace[number], { kind: "operation" }>

/** Each operation with the row it belongs to. */
const labelled = (trace: Trace): ReadonlyArray<readonly [string, Operation]> => {
  let attempt = 1
  let step: string | undefined
  let isAppending = false
  const found: Array<readonly [string, Operation]> = []
  /** What the observer is told next decides about operations between two steps: the facts of the next commit. */
  const nextFacts = (from: number) => {
    const facts: Array<string> = []
    for (const entry of trace.slice(from)) {
      if (entry.kind === "event" && entry.event.kind === "recorded")
        facts.push(entry.event.fact.event_type.replace("workspace_job.", ""))
      else if (facts.length > 0 && !(entry.kind === "operation" && entry.path.startsWith("recorded"))) break
    }
    return facts
  }
  const nextStep = (from: number) => {
    for (const { event } of trace.slice(from).filter((entry) => entry.kind === "event"))
      if (event.kind === "step" && event.state === "started") return `${event.attempt} ${event.step}`
    return undefined
  }
  for (const [index, entry] of trace.entries()) {
    if (entry.kind === "event") {
      const { event } = entry
      if (event.kind === "recorded") {
        isAppending = false
        if (event.fact.event_type.endsWith(".verifier_rejected")) attempt++
      } else if (event.kind === "step") {
        attempt = event.attempt
        step = event.state === "started" ? `${attempt} ${event.step}` : undefined
      }
      continue
    }
    const { operation, path } = entry
    const before = found.at(-1)?.[0] ?? ""
    if (operation === "point" && path.startsWith("recorded")) found.push([before, entry])
    else if (path.includes("/holds")) found.push(["  hold", entry])
    else if (path.includes("/.agents") || path === "/job") {
      // An append begins by taking the lock; what is done without it is reading.
      if (operation === "lock" || found.length === 0) isAppending = true
      found.push([isAppending ? `${attempt} commit ${nextFacts(index).join(" ") || "nothing"}` : "  reading", entry])
    } else found.push([step ?? nextStep(index) ?? before, entry])
  }
  return found
}

/**
 * The points at which dying leaves another disk, or another agent, behind: all that lie inside a commit, and inside an effect
 * every second one (every fourth in a repair attempt, which goes through the same steps). With `every`, all points there are.
 */
export const crashPointsOf = (trace: Trace, every: boolean): ReadonlyArray<CrashPoint> => {
  const operations = labelled(trace)
  const rows = new Map<string, Array<Operation>>()
  for (const [row, operation] of operations) {
    const known = rows.get(row)
    if (known === undefined) rows.set(row, [operation])
    else known.push(operation)
  }
  const opened = new Set<string>()
  const changes = new Set(
    operations.flatMap(([, { nth, operation, path }]) => {
      // What is opened for the first time may be made by that.
      const isNew = operation === "open" && !opened.has(path)
      opened.add(path)
      return every || isNew || changing.has(operation) ? [nth] : []
    }),
  )
  return [...rows].flatMap(([row, own]) => {
    const [first, last] = [own[0], own.at(-1)]
    if (first === undefined || last === undefined) return []
    const isCommit = row.includes("commit")
    // The last operation of a commit is that it is told: dying there is dying behind it.
    const end = isCommit ? last.nth : last.nth + 1
    const points: Array<CrashPoint> = [{ row, place: "before", nth: first.nth }]
    for (const { nth, operation } of own) {
      if (operation === "write") points.push({ row, place: "inside", nth, isTorn: true })
      if (changes.has(nth) && nth + 1 < end) points.push({ row, place: "inside", nth: nth + 1 })
    }
    if (row !== "  reading") points.push({ row, place: "after", nth: end })
    if (every || isCommit) return points
    const inside = points.filter(({ place }) => place === "inside")
    const nth = row.startsWith("2") ? 4 : 2
    return points.filter((point) => point.place !== "inside" || inside.indexOf(point) % nth === 0)
  })
}
