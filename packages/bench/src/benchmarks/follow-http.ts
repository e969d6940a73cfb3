import { make } from "../Benchmark.ts"
import { type Followers, startFollowers } from "../followerProcess.ts"
import { type Connection, load, openConnection, requestText } from "../httpLoad.ts"
import { makeRoot, removeRoot } from "../jsonlFolder.ts"
import { type RunningServer, startJobspecServer } from "../jobspecServer.ts"

/** Long enough that what followers are told last, up to a quarter of a second later, is a small part. */
const submissions_count = 32_768
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
  readonly submissions: number
  /** How many were recorded on the side that is followed. */
  recorded: number
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

const wall =
  "each submission is written to 50 followers, and 16 connections let no more than 16 of them go out together. A bare server of Node's that writes as many bytes as that, made beforehand, 0.8 GB to 50 sockets, takes 0.96 s of processor time in groups of 16 events, 1.7 s in groups of 8 and 2.6 s in groups of 4, on a machine that others used too; a tenth of what all these submissions take without followers is 0.4 s."

/** What fifty followers of one live tail cost those who submit. */
export default make<Input, boolean>({
  name: "follow-http",
  title: "Submitting while others follow",
  unit: "submissions",
  input: async (_, { scaled }) => {
    const followed = await openSide()
    const submissions = scaled(submissions_count, writers)
    // Followers are told everything from the first event on: there is one, so that each has had an answer.
    await submit(followed, writers)
    const followers = await startFollowers(followed.server.url, followers_count)
    return { followed, alone: await openSide(), followers, submissions, recorded: writers }
  },
  amount: ({ submissions }) => submissions,
  describe: ({ submissions }) =>
    `${submissions} submissions over ${writers} connections to a server with ${followers_count} followers of its events, in a process of their own, until each submission is answered and every follower has been told of all of them, and to a server without followers`,
  subjects: [
    {
      name: `submissions, ${followers_count} followers`,
      role: "subject",
      run: async (input) => {
        const { followed, followers, submissions } = input
        const good = await submit(followed, submissions)
        input.recorded += submissions
        // Somebody who is slow is waited for a while longer than the second in which an answer comes.
        for (let tries = 0; tries < 10; tries++) {
          const told = await followers.told(input.recorded)
          if (told.every((each) => each >= input.recorded))
            return good === submissions && told.length === followers_count
        }
        return false
      },
    },
    {
      name: "submissions, nobody follows",
      role: "limit",
      run: async ({ alone, submissions }) => (await submit(alone, submissions)) === submissions,
    },
  ],
  goals: [
    {
      subject: `submissions, ${followers_count} followers`,
      beside: "submissions, nobody follows",
      speed_min: 0.9,
      wall,
    },
  ],
  check: (isGood) => {
    if (!isGood)
      throw new Error("not every submission was answered 202, or a follower was not told of all within ten seconds")
  },
  close: async ({ alone, followed, followers }) => {
    await followers.stop()
    await closeSide(followed)
    await closeSide(alone)
  },
})
