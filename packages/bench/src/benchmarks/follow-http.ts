import { make } from "../Benchmark.ts"
import { type Followers, startFollowers } from "../followerProcess.ts"
import type { Figures } from "../Goals.ts"
import { type Connection, load, openConnection, requestText } from "../httpLoad.ts"
import { makeRoot, removeRoot } from "../jsonlFolder.ts"
import { type RunningServer, startBareFollowServer, startJobspecServer } from "../jobspecServer.ts"

/** Long enough that what followers are told last, up to a quarter of a second later, is a small part. */
const submissions_count = 32_768
const writers = 16
const followers_count = 50

interface Side {
  readonly root: string
  readonly server: RunningServer
  readonly connections: ReadonlyArray<Connection>
}

/** Followers, and how much they have been told. */
interface Told {
  readonly followers: Followers
  events: number
}

interface Bare extends Told {
  readonly server: RunningServer
  readonly connection: Connection
}

interface Input {
  readonly followed: Side & Told
  readonly alone: Side
  readonly bare: Bare
  readonly submissions: number
  /** What one submission makes each follower be told. */
  readonly event: string
}

const body = JSON.stringify({ job_type: "rpi.run", payload: { goal: "make the report", test_first: true } })

const openSide = async (): Promise<Side> => {
  const root = await makeRoot()
  const server = await startJobspecServer(root)
  return {
    root,
    server,
    connections: await Promise.all(Array.from({ length: writers }, () => openConnection(server.url))),
  }
}

const submit = ({ connections, server }: Side, submissions: number): Promise<number> => {
  const request = requestText("POST", "/v1/jobs", server.token, body)
  return load(connections, submissions, 202, () => request)
}

const closeSide = async ({ connections, root, server }: Side): Promise<void> => {
  for (const { close } of connections) close()
  await server.stop()
  await removeRoot(root)
}

/** A side with followers. They are told everything from the first event on. */
const openFollowed = async (): Promise<Side & Told> => {
  const side = await openSide()
  await submit(side, writers)
  return { ...side, followers: await startFollowers(side.server.url, followers_count), events: writers }
}

/** The first event that a server tells, as it tells it. */
const firstEvent = async ({ url }: RunningServer): Promise<string> => {
  const { body: stream } = await fetch(`${url}/v1/events`, {
    headers: { Accept: "text/event-stream" },
    signal: AbortSignal.timeout(10_000),
  })
  if (stream === null) throw new Error("nothing can be followed")
  let text = ""
  for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const end = text.indexOf("\n\n")
    if (end >= 0) return text.slice(0, end + 2)
  }
  throw new Error("nothing was told")
}

const openBare = async (event: string): Promise<Bare> => {
  const server = await startBareFollowServer(event)
  return {
    server,
    connection: await openConnection(server.url),
    followers: await startFollowers(server.url, followers_count),
    events: 0,
  }
}

const names = {
  ours: `submissions, ${followers_count} followers`,
  alone: "submissions, nobody follows",
  bare: `submissions, nobody follows, then as many bytes to ${followers_count} followers of a bare server`,
}

const wall = ({ time }: Figures): string =>
  `the thread that records also writes what followers are told. Where nobody follows, the submissions take ${time(names.alone)}; with a bare server behind them that writes as many bytes from one piece of memory, and has nothing else to do, ${time(names.bare)}. Ours take ${time(names.ours)}: beside that, each event is written out, once for all, and told in many small pieces, as they come.`

/** What fifty followers of one live tail cost those who submit. */
export default make<Input, boolean>({
  name: "follow-http",
  title: "Submitting while others follow",
  unit: "submissions",
  input: async (_, { scaled }) => {
    const followed = await openFollowed()
    const event = await firstEvent(followed.server)
    const submissions = scaled(submissions_count, writers)
    return { followed, alone: await openSide(), bare: await openBare(event), submissions, event }
  },
  amount: ({ submissions }) => submissions,
  describe: ({ event, submissions }) =>
    `${submissions} submissions over ${writers} connections to a server with ${followers_count} followers of its events, in a process of their own, until each submission is answered and every follower has been told of all of them: ${event.length} bytes for each of them and each submission, ${Math.round((event.length * submissions * followers_count) / 1e6)} MB in all; to a server without followers; and to that and then as many bytes to as many followers of a bare server, which writes them from one piece of memory and does nothing else`,
  subjects: [
    {
      name: names.ours,
      role: "subject",
      run: async ({ followed, submissions }) => {
        const good = await submit(followed, submissions)
        followed.events += submissions
        return (await followed.followers.haveBeenTold(followed.events)) && good === submissions
      },
    },
    {
      name: names.alone,
      role: "limit",
      run: async ({ alone, submissions }) => (await submit(alone, submissions)) === submissions,
    },
    {
      name: names.bare,
      role: "limit",
      run: async ({ alone, bare, submissions }) => {
        const good = await submit(alone, submissions)
        bare.events += submissions
        const status = await bare.connection.ask(requestText("POST", "/", "", String(submissions)))
        return (await bare.followers.haveBeenTold(bare.events)) && status === 202 && good === submissions
      },
    },
  ],
  goals: [{ subject: names.ours, beside: names.alone, speed_min: 0.9, wall }],
  check: (isGood) => {
    if (!isGood)
      throw new Error(
        "not every submission was answered 202, or a follower was not told of all, once, within ten seconds",
      )
  },
  close: async ({ alone, bare, followed }) => {
    await followed.followers.stop()
    await bare.followers.stop()
    bare.connection.close()
    await bare.server.stop()
    await closeSide(followed)
    await closeSide(alone)
  },
})
