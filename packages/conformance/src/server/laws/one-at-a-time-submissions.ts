import { search } from "../model/search.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "QUEUE-21",
  level: 2,
  source: "JobSpec v0 §5, §16.1",
  statement:
    "Whatever clients submit and read at the same time, and whoever hangs up and asks again, each job answers as if one request had been carried out after the other.",
  violation: "a retry that is done twice, or an answer that is true only of a copy.",
  needs: ["mutates"],
  isSearch: true,
  check: async (desk) => {
    await search(desk, { works: false, cancels: false })
  },
})
