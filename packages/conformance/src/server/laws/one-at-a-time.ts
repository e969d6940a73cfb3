import { search } from "../model/search.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "QUEUE-01",
  level: 3,
  source: "JobSpec v0 §5, §10, §16.1",
  statement:
    "Whatever clients and workers ask for at the same time, and whoever hangs up and asks again, each job answers as if one request had been carried out after the other.",
  violation:
    "look first and append afterwards, with room for another request in between; a retry that is done twice; an answer that is true only of a copy.",
  needs: ["works", "cancels"],
  isSearch: true,
  check: async (desk) => {
    await search(desk, { works: true, cancels: true })
  },
})
