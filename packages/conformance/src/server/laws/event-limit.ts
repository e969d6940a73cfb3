import { answered, holds, refused } from "../Desk.ts"
import { list } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-108",
  level: 1,
  source: "JobSpec v0 §3.4",
  statement:
    "The limit is a whole number of zero or more; zero tells nothing, above 1000 is 1000, everything else is refused.",
  violation: "a limit that cannot be read is taken for none.",
  check: async (desk) => {
    for (const limit of ["-1", "x", "1.5", "1e3", "99999999999999999999"])
      refused(
        `limit=${limit}`,
        await desk.get(`/v1/events?limit=${limit}`),
        400,
        "limit must be a non-negative integer",
      )
    for (const [limit, most] of [
      ["0", 0],
      ["-0", 0],
      ["%2B1", 1],
      ["%202%20", 2],
      ["5000", 1000],
      ["", Number.POSITIVE_INFINITY],
    ] as const) {
      const events = list(answered(`limit=${limit}`, await desk.get(`/v1/events?limit=${limit}`)), "events")
      holds(`limit=${limit} tells at most ${most}`, events.length <= most, events.length)
    }
  },
})
