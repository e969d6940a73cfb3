/**
 * Followers of a server's events, as a process of their own: they count what they are told and throw it away. Says how many events
 * each has been told, on request.
 *
 * `node followers.ts URL COUNT`; a line with a number on standard input is answered with a line of JSON, `{ "events": [...] }`, as
 * soon as everybody has been told so many, and within a second.
 *
 * @module
 */
import { connect } from "node:net"
import { createInterface } from "node:readline"

const [address = "", count = "0"] = process.argv.slice(2)
const { hostname, port } = new URL(address)
const events = Array.from({ length: Number(count) }, () => 0)
/** All of them read into this one: what a follower would do with what it is told is no cost of the server's. */
const buffer = Buffer.alloc(262_144)
/** Every event's last line begins with it, and no other line does. */
const data = Buffer.from("\ndata: ")

/** How often the mark stands in what was read, also where it stands across two readings. */
const counter = () => {
  let rest = Buffer.alloc(0)
  return (read: number): number => {
    const across = Buffer.concat([rest, buffer.subarray(0, Math.min(read, data.length - 1))])
    let found = across.indexOf(data) < 0 ? 0 : 1
    for (let at = buffer.indexOf(data); at >= 0 && at + data.length <= read; at = buffer.indexOf(data, at + 1)) found++
    rest = Buffer.from(
      Buffer.concat([rest, buffer.subarray(Math.max(0, read - data.length + 1), read)]).subarray(1 - data.length),
    )
    return found
  }
}

let told = (): void => {}

await Promise.all(
  events.map(
    (_, n) =>
      new Promise<void>((resolve, reject) => {
        const count = counter()
        const onread = {
          buffer,
          callback: (read: number) => {
            events[n] = (events[n] ?? 0) + count(read)
            resolve()
            told()
            return true
          },
        }
        const socket = connect({ host: hostname, port: Number(port), onread }, () => {
          socket.write("GET /v1/events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        })
        socket.setTimeout(600_000, () => socket.destroy(new Error("the server has fallen silent")))
        socket.on("error", reject)
      }),
  ),
)
process.stdout.write("ready\n")

const answer_ms_max = 1000
createInterface({ input: process.stdin }).on("line", (line) => {
  const wanted = Number(line)
  const answer = (): void => {
    clearTimeout(timer)
    told = () => {}
    process.stdout.write(`${JSON.stringify({ events })}\n`)
  }
  const timer = setTimeout(answer, answer_ms_max)
  told = () => {
    if (events.every((each) => each >= wanted)) answer()
  }
  told()
})
process.stdin.on("end", () => process.exit(0))
