/**
 * Our own code, broken on purpose: each a change of a few words in one source, made while it is loaded. The simulation has to
 * find every one of them, or it finds nothing.
 *
 * @module
 */

export interface Mutation {
  readonly name: string
  /** Below `packages/`. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** So many seeds, from the first on, find it at the latest. */
  readonly seeds_max: number
  /** Laws of which at least one has to be broken. */
  readonly breaks: ReadonlyArray<string>
}

export const mutations: ReadonlyArray<Mutation> = [
  {
    name: "an append is acknowledged before it is flushed",
    file: "ledger-store/src/jsonl/recording.ts",
    find: "const { file } = opened",
    replace: "const file = { ...opened.file, flush: Effect.void }",
    seeds_max: 40,
    breaks: ["SIM-00", "SIM-01"],
  },
  {
    name: "the append lock keeps nobody out",
    file: "ledger-store/src/jsonl/Locking.ts",
    find: "if (yield* io(first)) return",
    replace: "if ((yield* io(first)) || true) return",
    seeds_max: 40,
    breaks: ["SIM-01", "SIM-03", "SIM-10"],
  },
  {
    name: "a worker is heard without the token and epoch of the live lease",
    file: "carriers/jobspec/src/leases.ts",
    find: `  job.status === "running" &&
  job.claim_token === token_sha256 &&
  isDigest(token_sha256) &&
  job.lease_epoch > 0 &&
  job.lease_epoch === lease_epoch`,
    replace: `  isDigest(token_sha256) && job.lease_epoch > 0 && lease_epoch > 0`,
    seeds_max: 200,
    breaks: ["SIM-07"],
  },
  {
    name: "a heartbeat is recorded and the lease still ends when it would have",
    file: "carriers/jobspec/src/QueueJob.ts",
    find: `job.lease_expires_at = asText(payload["lease_expires_at"]) ?? job.lease_expires_at`,
    replace: "job.lease_expires_at = job.lease_expires_at",
    seeds_max: 40,
    breaks: ["SIM-07"],
  },
  {
    name: "a job that has ended is ended again",
    file: "carriers/jobspec/src/leases.ts",
    find: `  if (isTerminal(job.status)) return nothing
  const refusal = refuseRequestId(request_id)`,
    replace: `  const refusal = refuseRequestId(request_id)`,
    seeds_max: 40,
    breaks: ["SIM-06"],
  },
  {
    name: "a submission that is sent again makes a second job",
    file: "carriers/jobspec/src/submission.ts",
    find: "  return found.toSorted((a, b) => a.first_position - b.first_position)[0]",
    replace: "  return found.length > 5 ? found[0] : undefined",
    seeds_max: 40,
    breaks: ["SIM-03", "SIM-04", "SIM-05"],
  },
  {
    name: "what a failed flush left behind is taken for durable",
    file: "ledger-store/src/jsonl/Appending.ts",
    find: "durable = { ...durable, rewrite: true }",
    replace: "durable = { ...durable }",
    seeds_max: 5_000,
    breaks: ["SIM-01"],
  },
  {
    name: "when a rotation is followed, the file that was open may be read on under the new one's name",
    file: "ledger-store/src/jsonl/Scanner.ts",
    find: "if (isOther) place = undefined",
    replace: "",
    seeds_max: 5_000,
    breaks: ["SIM-01", "SIM-02", "SIM-03", "SIM-08", "SIM-10"],
  },
  {
    name: "between the two steps of a rotation a reader takes the ledger for as long as it knew it",
    file: "ledger-store/src/jsonl/Scanner.ts",
    find: "(yield* directory.list).includes(archiveName(first)) ? (yield* file.info).bytes : 0",
    replace: "0",
    seeds_max: 5_000,
    breaks: ["SIM-03"],
  },
]
