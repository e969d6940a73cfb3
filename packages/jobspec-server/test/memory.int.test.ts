import { Agent, IncomingMessage } from "node:http"
import { queryObjects } from "node:v8"
import { expect, it } from "vitest"
import { withServer } from "./support/server.ts"

/** How many requests are still held by anything, once the collector has been through. Each answer holds its own. */
const held = (): number => queryObjects(IncomingMessage, { format: "count" })

it(
  "nothing of an answered request is kept, whatever it asked for and however many came",
  withServer({}, async ({ ask, post }) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    await post("/v1/jobs", { job_type: "rpi.run", job_id: "j" })
    const paths = ["/waybill/v1/jobs/j", "/v1/health", "/v1/ready", "/v1/status", "/v1/events", "/nowhere"]
    for (let n = 0; n < 6; n++)
      await Promise.all(
        paths.flatMap((path) => [
          ...Array.from({ length: 5 }, () => ask({ path, agent })),
          post("/v1/jobs", { job_type: "rpi.run", job_id: "j" }),
          post("/waybill/v1/claims", { job_types: ["wiki.build"] }),
        ]),
      )
    agent.destroy()
    await new Promise((resolve) => setImmediate(resolve))
    // A connection remembers its last request; nothing else does. Of each route, thirty were answered.
    expect(held()).toBeLessThan(30)
  }),
)
