import { same } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-002",
  level: 0,
  source: "JobSpec v0 §1.1",
  statement: 'An unknown path is answered 404 with the text "404 page not found", whoever asks, by whatever method.',
  violation: "authorization that comes before routing, so that nobody without a token learns that a path is wrong.",
  check: async (desk) => {
    for (const method of ["GET", "POST", "DELETE"]) {
      const { headers, status, text } = await desk.ask("/v1/nowhere", { method, as: "nobody" })
      same(`${method} /v1/nowhere`, [status, text], [404, "404 page not found\n"])
      same("its type", headers.get("content-type"), "text/plain; charset=utf-8")
    }
  },
})
