import { decodeLine, encodeLine, isRecordedFact } from "@waybill/ledger"
import { Result } from "effect"
import { type Benchmark, make } from "./Benchmark.ts"
import { Built, byHand, type Checks, type Payload, type ValidatorName, validators } from "./factSchemas.ts"

const facts_count = 100_000

interface Input {
  readonly payloads: ReadonlyArray<Payload>
  readonly lines: ReadonlyArray<string>
  readonly checks: ReadonlyMap<ValidatorName, Checks>
}

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
  },
}

/** One fact, made or read, beside general validators that are told the same schema. */
export const validateBenchmark = (name: string, how: keyof typeof ways): Benchmark => {
  const { ours, says, theirs, title } = ways[how]
  const own = how === "construct" ? "the vocabulary's constructor" : "decodeLine and the vocabulary"
  return make<Input, number>({
    name,
    title,
    unit: "facts",
    input: async (seed, { peers, scaled }) => {
      const payloads = Array.from({ length: scaled(facts_count) }, (_, n) => payloadOf(n, seed))
      const modules = peers.get("validators")
      const checks = new Map<ValidatorName, Checks>()
      if (modules !== undefined) for (const each of names) checks.set(each, await validators[each](modules))
      return { payloads, lines: payloads.map(lineOf), checks }
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
    ],
    goals: [{ subject: own, beside: names, speed_min: 1 }],
    check: (accepted, { payloads }) => {
      if (accepted !== payloads.length) throw new Error(`${accepted} accepted, want ${payloads.length}`)
    },
  })
}
