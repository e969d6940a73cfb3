/**
 * Hostile histories: the proper facts of three runs, whose keys are meant to collide, and then whatever somebody does to them
 * who can write lines but cannot make the fold accept what did not happen.
 */
import { eventId, type JsonObject, type RecordedEvent } from "@waybill/ledger"
import fc from "fast-check"
import { artifact, failed, passed } from "./story.ts"

type Fields = Readonly<Record<string, unknown>>

/** A fact before it has its place. A text `@label` in its payload is the id of the fact so labelled. */
interface Draft {
  readonly name: string
  readonly job_id: string
  readonly label: string
  readonly payload: Fields
  /** The label of the fact whose id it bears; its own, unless it is a replay. */
  readonly idOf?: string
}

const runs = ["run-a", "run-b", "run-c"] as const
/** Base keys, and what other runs' repair attempts would be called. */
const keys = ["a", "a:repair:2", "a:repair:3", "a:repair:2:repair:2", "b"] as const
const budget = 3

/** How far each attempt of a run goes. */
const ends = ["verified", "verifier_rejected", "failed", "open", "early"] as const
type End = (typeof ends)[number]

const properRun = (run: string, key: string, attempts: ReadonlyArray<End>): ReadonlyArray<Draft> =>
  attempts.flatMap((end, i) => {
    const at = (step: string, attempt = i) => `${run}/${attempt}/${step}`
    const idempotencyKey = i === 0 ? key : `${key}:repair:${i + 1}`
    const ref = { requestedEventId: `@${at("requested")}`, runId: run, idempotencyKey }
    const stored = { ...artifact, submitRunId: "submit-1" }
    const { bytes, schemaId, sha256 } = artifact
    const draft = (name: string, payload: Fields): Draft => ({
      name,
      job_id: run,
      label: at(name),
      payload: { ...ref, ...payload },
    })
    const requested: Draft = {
      name: "requested",
      job_id: run,
      label: at("requested"),
      payload: {
        runId: run,
        idempotencyKey,
        requestedBy: "a test",
        terminalSchemaId: schemaId,
        attempt: {
          index: i + 1,
          maxAttempts: budget,
          cause: i === 0 ? "initial" : "verifier_repair",
          ...(i === 0 ? {} : { repairOfRequestedEventId: `@${at("requested", i - 1)}` }),
        },
      },
    }
    const steps = [
      draft("seed_written", { seedPaths: [] }),
      draft("agent_started", { submitRunId: "submit-1" }),
      draft("terminal_build_attempted", { submitRunId: "submit-1", schemaId, bytes, sha256 }),
      draft("artifact_written", stored),
      draft("artifact_readback_verified", stored),
      draft("terminal_finalized", { terminalArtifact: artifact }),
    ]
    const verdict = { terminalFinalizedEventId: `@${at("terminal_finalized")}` }
    const last: Readonly<Record<End, ReadonlyArray<Draft>>> = {
      verified: [...steps, draft("verified", { ...verdict, checks: [passed] })],
      verifier_rejected: [...steps, draft("verifier_rejected", { ...verdict, checks: [failed] })],
      failed: [...steps.slice(0, 4), draft("failed", { failure: { phase: "seed", code: "c", reason: "r" } })],
      open: steps,
      early: steps.slice(0, 2),
    }
    return [requested, ...last[end]]
  })

/** Two numbers that each attack reads in its own way. */
interface Attack {
  readonly kind: number
  readonly a: number
  readonly b: number
}

const changes: ReadonlyArray<Fields> = [
  { sha256: `sha256:${"b".repeat(64)}` },
  { bytes: 8 },
  { path: "other.json" },
  { artifactRef: "artifact:other" },
  { schemaId: "other/v1" },
]
const pick = <T>(from: ReadonlyArray<T>, index: number): T => {
  const found = from[index % from.length]
  if (found === undefined) throw new Error("there is nothing to pick from")
  return found
}
const changed = (draft: Draft, fields: Fields): Draft => ({ ...draft, payload: { ...draft.payload, ...fields } })
const inserted = (drafts: ReadonlyArray<Draft>, at: number, draft: Draft) =>
  drafts.toSpliced(at % (drafts.length + 1), 0, draft)

const attacks: ReadonlyArray<(drafts: ReadonlyArray<Draft>, target: Draft, attack: Attack) => ReadonlyArray<Draft>> = [
  // Said again: as a fact of its own, or as the very same one.
  (drafts, target, { b }) => inserted(drafts, b, { ...target, label: `${target.label}+${b}` }),
  (drafts, target, { b }) => inserted(drafts, b, { ...target, label: `${target.label}+${b}`, idOf: target.label }),
  // Said earlier or later.
  (drafts, target, { b }) =>
    inserted(
      drafts.filter((draft) => draft !== target),
      b,
      target,
    ),
  (drafts, target) => drafts.filter((draft) => draft !== target),
  // Referring to something else.
  (drafts, target, { b }) =>
    drafts.map((draft) =>
      draft === target ? changed(draft, { requestedEventId: `@${pick(drafts, b).label}` }) : draft,
    ),
  (drafts, target, { b }) =>
    drafts.map((draft) =>
      draft === target ? changed(draft, { terminalFinalizedEventId: `@${pick(drafts, b).label}` }) : draft,
    ),
  // In another run's stream, or of another run altogether.
  (drafts, target, { b }) => inserted(drafts, b, { ...target, job_id: pick(runs, b), label: `${target.label}>${b}` }),
  (drafts, target, { b }) =>
    inserted(drafts, b, {
      ...changed(target, { runId: pick(runs, b) }),
      job_id: pick(runs, b),
      label: `${target.label}>${b}`,
    }),
  // About other bytes.
  (drafts, target, { b }) =>
    drafts.map((draft) => {
      if (draft !== target) return draft
      const change = pick(changes, b)
      return draft.name === "terminal_finalized"
        ? changed(draft, { terminalArtifact: { ...artifact, ...change } })
        : changed(draft, change)
    }),
  // The same, and soon after it the same about other bytes.
  (drafts, target, { b }) => {
    const change = pick(changes, b)
    const other = target.name === "terminal_finalized" ? { terminalArtifact: { ...artifact, ...change } } : change
    return inserted(drafts, drafts.indexOf(target) + 1 + (b % 4), {
      ...changed(target, other),
      label: `${target.label}~${b}`,
    })
  },
  // Under an id that is there already, as a store never gives one.
  (drafts, target, { b }) =>
    inserted(drafts, drafts.indexOf(target) + 1 + (b % 4), {
      ...changed(target, { idempotencyKey: pick(keys, b) }),
      label: `${target.label}=${b}`,
      idOf: target.label,
    }),
  // One more end, of whatever kind, for whatever attempt.
  ...(["verified", "verifier_rejected", "failed"] as const).map(
    (name) =>
      (drafts: ReadonlyArray<Draft>, target: Draft, { b }: Attack) => {
        const { idempotencyKey, requestedEventId = `@${target.label}`, runId } = target.payload
        const finalized = drafts.filter((draft) => draft.name === "terminal_finalized")
        const payload = {
          requestedEventId,
          runId,
          idempotencyKey,
          ...(name === "failed"
            ? { failure: { phase: "submit", code: "c", reason: "r" } }
            : {
                terminalFinalizedEventId: `@${(finalized[b % (finalized.length + 1)] ?? target).label}`,
                checks: [name === "verified" ? passed : failed],
              }),
        }
        return inserted(drafts, b, { name, job_id: target.job_id, label: `end ${b}`, payload })
      },
  ),
  // One more request: a first one under a key of the pool, or a link that does not fit the chain.
  (drafts, target, { b }) =>
    inserted(drafts, b, {
      name: "requested",
      job_id: target.job_id,
      label: `request ${b}`,
      payload: {
        runId: target.job_id,
        idempotencyKey: pick(keys, b),
        requestedBy: "x",
        terminalSchemaId: artifact.schemaId,
      },
    }),
  (drafts, target, { a, b }) => {
    const at = b % (drafts.length + 1)
    const before = drafts.slice(0, at).filter(({ job_id, name }) => job_id === target.job_id && name === "requested")
    // Mostly of the attempt that is current there, so that only its number or its budget is wrong.
    const repaired = a % 4 === 0 ? pick(drafts, a + b) : (before.at(-1) ?? target)
    return inserted(drafts, at, {
      name: "requested",
      job_id: target.job_id,
      label: `repair ${b}`,
      payload: {
        runId: target.job_id,
        idempotencyKey: `${pick(keys, a)}:repair:${2 + (b % 3)}`,
        requestedBy: "x",
        terminalSchemaId: artifact.schemaId,
        attempt: {
          index: 2 + (b % 2),
          maxAttempts: budget + (a % 3 === 0 ? 1 : 0),
          cause: "verifier_repair",
          repairOfRequestedEventId: `@${repaired.label}`,
        },
      },
    })
  },
  // Under another key, or without a field.
  (drafts, target, { b }) =>
    drafts.map((draft) => (draft === target ? changed(draft, { idempotencyKey: pick(keys, b) }) : draft)),
  (drafts, target, { b }) =>
    drafts.map((draft) => {
      if (draft !== target) return draft
      const name = pick(Object.keys(draft.payload), b)
      return {
        ...draft,
        payload: Object.fromEntries(Object.entries(draft.payload).filter(([field]) => field !== name)),
      }
    }),
]

const recorded = (drafts: ReadonlyArray<Draft>): ReadonlyArray<RecordedEvent> => {
  const ids = new Map<string, string>()
  drafts.forEach(({ job_id, label, name }, i) => {
    if (!ids.has(label)) ids.set(label, eventId(`workspace_job.${name}`, job_id, i + 1))
  })
  const resolved = (value: unknown): unknown => {
    if (typeof value === "string") return value.startsWith("@") ? (ids.get(value.slice(1)) ?? "nobody") : value
    if (Array.isArray(value)) return value.map(resolved)
    if (typeof value !== "object" || value === null) return value
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, resolved(field)]))
  }
  return drafts.map(({ idOf, job_id, label, name, payload }, i) => ({
    position: i + 1,
    schema_version: 1,
    event_id: ids.get(idOf ?? label) ?? eventId(`workspace_job.${name}`, job_id, i + 1),
    request_id: "req",
    job_id,
    event_type: `workspace_job.${name}`,
    occurred_at: "2026-01-01T00:00:00Z",
    actor: "test",
    payload: resolved(payload) as JsonObject,
  }))
}

/** Deals the facts of several streams into one history; each stream keeps its order. */
const dealt = (streams: ReadonlyArray<ReadonlyArray<Draft>>, turns: ReadonlyArray<number>): ReadonlyArray<Draft> => {
  const rest = streams.map((stream) => [...stream])
  const history: Array<Draft> = []
  for (let turn = 0; rest.some((stream) => stream.length > 0); turn++) {
    const left = rest.filter((stream) => stream.length > 0)
    const next = pick(left, turns[turn % turns.length] ?? 0).shift()
    if (next !== undefined) history.push(next)
  }
  return history
}

const plan = fc.record({
  key: fc.constantFrom(...keys),
  attempts: fc.array(fc.constantFrom(...ends, "verifier_rejected", "verified"), { minLength: 1, maxLength: 3 }),
})

export const hostileHistory: fc.Arbitrary<ReadonlyArray<RecordedEvent>> = fc
  .record({
    plans: fc.tuple(plan, plan, plan),
    turns: fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 40 }),
    attacks: fc.array(
      fc.record({ kind: fc.nat({ max: attacks.length - 1 }), a: fc.nat({ max: 200 }), b: fc.nat({ max: 200 }) }),
      { maxLength: 10 },
    ),
  })
  .map((chosen) => {
    const streams = chosen.plans.map(({ attempts, key }, i) => properRun(pick(runs, i), key, attempts))
    const proper = dealt(streams, chosen.turns)
    return recorded(
      chosen.attacks.reduce((drafts, attack) => {
        const target = drafts[attack.a % Math.max(1, drafts.length)]
        return target === undefined ? drafts : pick(attacks, attack.kind)(drafts, target, attack)
      }, proper),
    )
  })

export { runs as hostileRuns, keys as hostileKeys }
