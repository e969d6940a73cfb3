import { make } from "../Benchmark.ts"
import { type Connection, openConnection, requestText } from "../httpLoad.ts"
import { makeRoot, removeRoot } from "../jsonlFolder.ts"
import { type RunningServer, startJobspecServer, writeJobs } from "../jobspecServer.ts"

const few_count = 100
const many_count = 100_000
const requests = 100

interface Side {
  readonly root: string
  readonly server: RunningServer
  readonly connection: Connection
}
type Input = Readonly<Record<"few" | "many", Side>> & { readonly jobs: number }

const body = JSON.stringify({ job_type: "rpi.run", payload: { goal: "make the report", test_first: true } })

const questions = {
  "a submission": ["POST", "/v1/jobs", body, 202],
  "/v1/ready": ["GET", "/v1/ready", "", 200],
  "one job's status": ["GET", "/waybill/v1/jobs/job_rpi_run_000050", "", 200],
} as const
type Question = keyof typeof questions
const questions_all: ReadonlyArray<Question> = ["a submission", "/v1/ready", "one job's status"]

const startSide = async (jobs: number): Promise<Omit<Side, "connection">> => {
  const root = await makeRoot()
  await writeJobs(root, jobs)
  return { root, server: await startJobspecServer(root) }
}

/** One after the other, so that a run's time is a hundred times what one costs. */
const ask = (question: Question, which: "few" | "many") => async (input: Input) => {
  const { connection, server } = input[which]
  const [method, path, sent, status] = questions[question]
  const request = requestText(method, path, server.token, sent)
  for (let n = 0; n < requests; n++) if ((await connection.ask(request)) !== status) return false
  return true
}

const nameOf = (question: Question, which: "few" | "many"): string => `${question}, ${which} jobs`

const pair = (question: Question) => {
  const limit = nameOf(question, "few")
  return [
    { name: nameOf(question, "many"), role: "subject", beside: [limit], run: ask(question, "many") },
    { name: limit, role: "reference", run: ask(question, "few") },
  ] as const
}

const closeSide = async ({ connection, root, server }: Side): Promise<void> => {
  connection.close()
  await server.stop()
  await removeRoot(root)
}

/** What a long history costs one request: nothing, if all is well. */
export default make<Input, boolean>({
  name: "history-http",
  title: "One request beside a long history",
  unit: "requests",
  input: async (_, { scaled }) => {
    const jobs = scaled(many_count, 10 * few_count)
    const sides = { few: await startSide(few_count), many: await startSide(jobs) }
    // Opened last: a server hangs up on whoever asks nothing for long.
    return {
      jobs,
      few: { ...sides.few, connection: await openConnection(sides.few.server.url) },
      many: { ...sides.many, connection: await openConnection(sides.many.server.url) },
    }
  },
  amount: () => requests,
  describe: ({ jobs }) =>
    `${requests} requests, one after the other, to a server with ${jobs} jobs and to one with ${few_count}`,
  subjects: questions_all.flatMap(pair),
  check: (isGood) => {
    if (!isGood) throw new Error("a request was not answered as it should be")
  },
  goals: questions_all.map((question) => ({
    subject: nameOf(question, "many"),
    beside: nameOf(question, "few"),
    speed_min: 0.9,
    besides: true as const,
  })),
  close: async (input) => {
    await closeSide(input.few)
    await closeSide(input.many)
  },
})
