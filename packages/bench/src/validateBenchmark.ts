import { decodeLine, encodeLine, isRecordedFact } from "@waybill/ledger"
import { Result } from "effect"
import { type Benchmark, make } from "./Benchmark.ts"
import { copyFact, makeFact, readFact } from "./factsByHand.ts"
import type { Figures } from "./Goals.ts"
import { Built, byHand, type Checks, type Payload, type ValidatorName, validators } from "./factSchemas.ts"

const facts_count = 100_000

interface Input {
  readonly payloads: ReadonlyArray<Payload>
  readonly lines: ReadonlyArray<string>
  readonly checks: ReadonlyMap<ValidatorName, Checks>
  /** The fastest of them once more, since one that also looks at frozen copies is slower at all else. */
  readonly fastest: Checks
}

const fastest: ValidatorName = "typebox compiled"

const frozen_copy = "a frozen copy by hand, unchecked"
const [constructor, reader] = ["the vocabulary's constructor", "decodeLine and the vocabulary"]

const names: ReadonlyArray<ValidatorName> = ["zod 4", "valibot", "typebox compiled", "ajv"]

const payloadOf = (n: number, seed: number): Payload => ({
  requestedEventId: `evt_workspace_job.requested_run-${n}_${String(n).padStart(6, "0")}`,
  runId: `run-${n}`,
  artifact: { path: "report.json", sha256: `sha256:${(n ^ seed).toString(16).padStart(64, "0")}`, bytes: n },
})

const lineOf = (payload: Payload, n: number): string =>
  encodeLine({
    schema_version: 1,
    event_id: `evt_built.finalized_${payload.runId}_${n}`,
    request_id: `req-${n}`,
    job_id: payload.runId,
    event_type: "built.finalized",
    occurred_at: "2026-01-02T03:04:05.678Z",
    actor: "bench",
    payload: { ...payload, artifact: { ...payload.artifact } },
  })

/** Counts what a check accepts: it answers false or throws for what it does not. */
const countAccepted = <A>(values: ReadonlyArray<A>, check: (value: A) => unknown): number => {
  let accepted = 0
  for (const value of values) if (check(value) !== false) accepted++
  return accepted
}

const ways = {
  construct: {
    title: "Constructing one fact",
    says: "ours is also copied, frozen and bound to its job; zod and valibot copy, the others only look",
    ours: ({ payloads }: Input) =>
      countAccepted(payloads, (payload) => Result.isSuccess(Built.facts.finalized.make(payload.runId, payload))),
    theirs: ({ payloads }: Input, checks: Checks) => countAccepted(payloads, checks.payload),
    whole: ({ payloads }: Input, checks: Checks) => countAccepted(payloads, makeFact(checks)),
    rest: "typebox compiled, and a frozen copy by hand",
    least: frozen_copy,
    atLeast: ({ payloads }: Input) => countAccepted(payloads, copyFact),
    wall: ({ time }: Figures): string =>
      `typebox looks at the payload, in ${time(fastest)}, by code that it writes for its schema (\`new Function\`), which a host may forbid and ours does without (docs/decisions/0002). A fact is also copied, frozen and bound to its job: by hand and unchecked, which knows every field, that takes ${time(frozen_copy)}; both together take ${time("typebox compiled, and a frozen copy by hand")}. Ours is told the schema when it runs, goes through the keys of what it is given, refuses prototypes, accessors and symbols, and answers a result: ${time(constructor)}.`,
  },
  decode: {
    title: "Decoding one line",
    says: "from text to a value that was checked, envelope and payload; theirs is JSON.parse, then their check",
    ours: ({ lines }: Input) =>
      countAccepted(lines, (line) => {
        const event = decodeLine(line)
        return Result.isSuccess(event) && isRecordedFact(Built.decode({ ...event.success, position: 1 }))
      }),
    theirs: ({ lines }: Input, checks: Checks) => countAccepted(lines, (line) => checks.envelope(JSON.parse(line))),
    whole: ({ lines }: Input, checks: Checks) => countAccepted(lines, readFact(checks)),
    rest: "typebox compiled, with the rest of the envelope by hand",
    least: "JSON.parse alone",
    atLeast: ({ lines }: Input) => countAccepted(lines, (line): unknown => JSON.parse(line)),
    wall: ({ time }: Figures): string =>
      `of ${time(reader)}, ${time("JSON.parse alone")} are JSON.parse, as of typebox's ${time(fastest)}. Ours also asks whether text and times are well-formed, builds the event and the fact, and opens the envelope to keys it does not know. typebox with that by hand takes ${time("typebox compiled, with the rest of the envelope by hand")}.`,
  },
}

/** One fact, made or read, beside general validators that are told the same schema. */
export const validateBenchmark = (name: string, how: keyof typeof ways): Benchmark => {
  const { atLeast, least, ours, rest, says, theirs, title, wall, whole } = ways[how]
  const own = how === "construct" ? constructor : reader
  return make<Input, number>({
    name,
    title,
    unit: "facts",
    input: async (seed, { peers, scaled }) => {
      const payloads = Array.from({ length: scaled(facts_count) }, (_, n) => payloadOf(n, seed))
      const modules = peers.get("validators")
      const checks = new Map<ValidatorName, Checks>()
      if (modules !== undefined) for (const each of names) checks.set(each, await validators[each](modules))
      const again = modules === undefined ? byHand : await validators[fastest](modules)
      return { payloads, lines: payloads.map(lineOf), checks, fastest: again }
    },
    amount: ({ payloads }) => payloads.length,
    describe: ({ payloads }) =>
      `${payloads.length} facts of 6 fields in 2 levels, texts bounded, no other keys; ${says}`,
    subjects: [
      { name: own, role: "subject", run: ours },
      { name: "a check by hand", role: "limit", run: (input) => theirs(input, byHand) },
      ...names.map((each) => ({
        name: each,
        role: "peer" as const,
        needs: "validators" as const,
        run: (input: Input) => theirs(input, input.checks.get(each) ?? byHand),
      })),
      {
        name: rest,
        role: "peer",
        needs: "validators",
        run: (input) => whole(input, input.fastest),
      },
      { name: least, role: "limit", run: atLeast },
    ],
    goals: [
      { subject: own, beside: names, speed_min: 1, wall },
      { subject: own, beside: rest, speed_min: 1, wall, besides: true },
    ],
    check: (accepted, { payloads }) => {
      if (accepted !== payloads.length) throw new Error(`${accepted} accepted, want ${payloads.length}`)
    },
  })
}
