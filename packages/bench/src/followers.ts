/**
 * Followers of a server's events, as a process of their own: they take what they are sent and throw it away. Says how many bytes
 * each has taken, on request.
 *
 * `node followers.ts URL COUNT`; a line on standard input is answered with a line of JSON, `{ "bytes": [...] }`.
 *
 * @module
 */
import { connect } from "node:net"
import { createInterface } from "node:readline"

const [address = "", count = "0"] = process.argv.slice(2)
const { hostname, port } = new URL(address)
const bytes = Array.from({ length: Number(count) }, () => 0)
/** All of them read into this one: what a follower would do with what it is told is no cost of the server's. */
const buffer = Buffer.alloc(262_144)

await Promise.all(
  bytes.map(
    (_, n) =>
      new Promise<void>((resolve, reject) => {
        const onread = {
          buffer,
          callback: (read: number) => {
            bytes[n] = (bytes[n] ?? 0) + read
            resolve()
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
createInterface({ input: process.stdin }).on("line", () => process.stdout.write(`${JSON.stringify({ bytes })}\n`))
process.stdin.on("end", () => process.exit(0))
