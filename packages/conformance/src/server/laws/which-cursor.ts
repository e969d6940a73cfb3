import { answered, same } from "../Desk.ts"
import { list, text } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-109",
  level: 1,
  source: "JobSpec v0 §3.4",
  statement:
    "The cursor since is trimmed and wins over after_id; a blank one is as if absent; of a parameter that is given twice the first counts.",
  violation: "the last of two counts, or a blank cursor is looked up.",
  check: async (desk) => {
    if (desk.can.mutates)
      for (let i = 0; i < 3; i++) await desk.submit({ job_type: "eval.suite", job_id: desk.fresh() })
    const ids = (await desk.events()).map((event) => text(event, "event_id"))
    const [two, one] = [ids.at(-3), ids.at(-2)].map((id) => encodeURIComponent(id ?? ""))
    const count = async (query: string): Promise<number> =>
      list(answered(query, await desk.get(`/v1/events?${query}`)), "events").length
    if (ids.length < 3) return
    same("since, trimmed", await count(`since=%20${one}%20`), 1)
    same("after_id alone", await count(`after_id=${two}`), 2)
    same("since before after_id", await count(`after_id=${two}&since=${one}`), 1)
    same("after_id where since is blank", await count(`since=%20&after_id=${two}`), 2)
    same("the first of two", await count(`since=${two}&since=${one}`), 2)
  },
})
