import { make } from "../Benchmark.ts"
import { type Followers, startFollowers } from "../followerProcess.ts"
import { type Connection, load, openConnection, requestText } from "../httpLoad.ts"
import { makeRoot, removeRoot } from "../jsonlFolder.ts"
import { type RunningServer, startJobspecServer } from "../jobspecServer.ts"

const submissions = 1024
const writers = 16
const followers_count = 50

interface Side {
  readonly root: string
  readonly server: RunningServer
  readonly connections: ReadonlyArray<Connection>
}

interface Input {
  readonly followed: Side
  readonly alone: Side
  readonly followers: Followers
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

const submit = ({ connections, server }: Side): Promise<number> => {
  const request = requestText("POST", "/v1/jobs", server.token, body)
  return load(connections, submissions, 202, () => request)
}

const closeSide = async ({ connections, root, server }: Side): Promise<void> => {
  for (const { close } of connections) close()
  await server.stop()
  await removeRoot(root)
}

/** What fifty followers of one live tail cost those who submit. */
export default make<Input, boolean>({
  name: "follow-http",
  title: "Submitting while others follow",
  unit: "submissions",
  input: async () => {
    const followed = await openSide()
    // Followers are told everything from the first event on: there is one, so that each has had an answer.
    await submit(followed)
    return { followed, alone: await openSide(), followers: await startFollowers(followed.server.url, followers_count) }
  },
  amount: () => submissions,
  describe: () =>
    `${submissions} submissions over ${writers} connections to a server with ${followers_count} followers of its events, in a process of their own, and to one with none`,
  subjects: [
    {
      name: `submissions, ${followers_count} followers`,
      role: "subject",
      run: async ({ followed, followers }) => {
        const good = await submit(followed)
        const each = await followers.bytes()
        return good === submissions && each.length === followers_count && each.every((bytes) => bytes > 0)
      },
    },
    {
      name: "submissions, nobody follows",
      role: "limit",
      run: async ({ alone }) => (await submit(alone)) === submissions,
    },
  ],
  goals: [
    {
      subject: `submissions, ${followers_count} followers`,
      beside: "submissions, nobody follows",
      speed_min: 0.9,
    },
  ],
  check: (isGood) => {
    if (!isGood) throw new Error("not every submission was answered 202, or a follower was told nothing")
  },
  close: async ({ alone, followed, followers }) => {
    await followers.stop()
    await closeSide(followed)
    await closeSide(alone)
  },
})
