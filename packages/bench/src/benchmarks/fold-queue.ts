import { JobSpec, JobSpecEvents, type JobSpecFact } from "@waybill/jobspec"
import { Fold, isRecordedFact, type RecordedEvent } from "@waybill/ledger"
import { make } from "../Benchmark.ts"
import { castoreStreams, emmettStreams, type Evolve, type FoldStreams } from "../eventStorePeers.ts"
import type { Figures } from "../Goals.ts"
import { jobspecEvents } from "../jobspecEvents.ts"
import { evolveByHand, foldByHand, type Job, type Jobs } from "../queueByHand.ts"

const facts_count = 1_000_000

type Statuses = ReadonlyMap<string, string>

const {
  jobTypes: types,
  projections: { queue },
} = JobSpec.make()

const decoded = (events: ReadonlyArray<RecordedEvent>): ReadonlyArray<JobSpecFact> =>
  events.map((event) => {
    const fact = JobSpecEvents.decode(event)
    if (!isRecordedFact(fact)) throw new Error(`${event.event_id} does not decode`)
    return fact as JobSpecFact
  })

const statusesOf = (jobs: Iterable<readonly [string, { readonly status: string }]>): Statuses => {
  const statuses = new Map<string, string>()
  for (const [id, { status }] of jobs) statuses.set(id, status)
  return statuses
}

const byHand = (facts: ReadonlyArray<JobSpecFact>): Statuses => {
  const jobs: Jobs = new Map()
  for (const fact of facts) foldByHand(jobs, fact, types)
  return statusesOf(jobs)
}

interface PeerJob {
  readonly status: string
}

const status_after: Readonly<Record<string, string>> = {
  "job.accepted": "queued",
  "job.claimed": "running",
  "job.heartbeat": "running",
  "job.completed": "completed",
}

/** The status alone. */
const evolvePeer: Evolve<PeerJob> = (job, { event_type }) => ({
  ...job,
  status: status_after[event_type] ?? job?.status ?? "queued",
})

const statusOf = async (fold: FoldStreams<{ readonly status: string }> | undefined): Promise<Statuses> =>
  statusesOf((await fold?.()) ?? [])

const by_hand = "a loop over a Map, by hand"
const wholes = ["emmett, all that the view keeps", "castore, all that the view keeps"] as const
const wall_status = ({ time }: Figures): string =>
  `the peers' reducers keep one status for a job, out of streams that lie ready by job: one small object for each event, and no look-up of its job, in ${time("emmett")} and ${time("castore")}. The loop by hand, which keeps what the view keeps and finds each fact's job, takes ${time(by_hand)}; reducers of theirs that keep as much, ${time(wholes[0])} and ${time(wholes[1])}.`

/** Folding the queue's view out of facts that are decoded already. */
export default make<
  {
    readonly facts: ReadonlyArray<JobSpecFact>
    readonly expected: Statuses
    readonly emmett: FoldStreams<PeerJob> | undefined
    readonly castore: FoldStreams<PeerJob> | undefined
    readonly wholeEmmett: FoldStreams<Job> | undefined
    readonly wholeCastore: FoldStreams<Job> | undefined
  },
  Statuses
>({
  name: "fold-queue",
  title: "Folding JobSpec facts into the queue view",
  unit: "facts",
  input: async (_, { peers, scaled }) => {
    const facts = decoded(jobspecEvents(scaled(facts_count)))
    const stores = peers.get("event-stores")
    return {
      facts,
      expected: byHand(facts),
      emmett: stores && (await emmettStreams(stores, facts, evolvePeer)),
      castore: stores && (await castoreStreams(stores, facts, evolvePeer)),
      wholeEmmett: stores && (await emmettStreams(stores, facts, evolveByHand(types))),
      wholeCastore: stores && (await castoreStreams(stores, facts, evolveByHand(types))),
    }
  },
  amount: ({ facts }) => facts.length,
  describe: ({ expected, facts }) =>
    `${facts.length} decoded facts of ${expected.size} jobs, 64 under way at a time; the loop by hand keeps the same fields of a job and changes them in place; the peers' reducers keep each job's status alone, or all of those fields`,
  subjects: [
    {
      name: "the queue view",
      role: "subject",
      run: ({ facts }) => statusesOf(new Fold(queue).applyAll(facts).entries()),
    },
    { name: by_hand, role: "limit", run: ({ facts }) => byHand(facts) },
    { name: "emmett", role: "peer", needs: "event-stores", run: ({ emmett }) => statusOf(emmett) },
    { name: "castore", role: "peer", needs: "event-stores", run: ({ castore }) => statusOf(castore) },
    {
      name: wholes[0],
      role: "peer",
      needs: "event-stores",
      run: ({ wholeEmmett }) => statusOf(wholeEmmett),
    },
    {
      name: wholes[1],
      role: "peer",
      needs: "event-stores",
      run: ({ wholeCastore }) => statusOf(wholeCastore),
    },
  ],
  goals: [
    { subject: "the queue view", beside: by_hand, speed_min: 0.7 },
    { subject: "the queue view", beside: ["emmett", "castore"], speed_min: 1, wall: wall_status, besides: true },
    {
      subject: "the queue view",
      beside: wholes,
      speed_min: 1,
      besides: true,
    },
  ],
  check: (statuses, { expected }) => {
    if (statuses.size !== expected.size) throw new Error(`${statuses.size} jobs, want ${expected.size}`)
    for (const [id, status] of expected)
      if (statuses.get(id) !== status) throw new Error(`${id} is ${statuses.get(id)}, want ${status}`)
  },
})
