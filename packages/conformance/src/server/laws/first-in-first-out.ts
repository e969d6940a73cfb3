import { answered, same } from "../Desk.ts"
import { type Doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"
import { holdIn, long_lease, work } from "../workers.ts"

export default serverLaw({
  id: "QUEUE-15",
  level: 3,
  source: "JobSpec v0 §10.3",
  statement:
    "Jobs are handed out in the order of their first events, to workers that can do them; one that waits for a retry keeps its place.",
  violation: "a job that was tried goes to the end, and under load it never comes again.",
  needs: ["works"],
  check: async (desk) => {
    const types = ["dream.stage", "rpi.phase"] as const
    const ask = async (job_types: ReadonlyArray<string>): Promise<Doc> =>
      answered("the claim", await desk.post("/waybill/v1/claims", { job_types, lease: long_lease }))
    const [one, two, three] = [desk.fresh("1"), desk.fresh("2"), desk.fresh("3")]
    for (const job_type of types) {
      // Whatever others have left would come first.
      for (
        let i = 0;
        i < 50 && (await desk.post("/waybill/v1/claims", { job_types: [job_type], lease: long_lease })).status === 200;
        i++
      );
    }
    await desk.submit({ job_type: types[0], job_id: one })
    await desk.submit({ job_type: types[1], job_id: two })
    await desk.submit({ job_type: types[0], job_id: three })
    const first = await ask([types[0]])
    same("the first of its type", first["job_id"], one)
    await work(desk, one, "release", holdIn(first))
    same("the one that waits for a retry", (await ask(types))["job_id"], one)
    same("the next of any type", (await ask(types))["job_id"], two)
    same("the last", (await ask(types))["job_id"], three)
    same("a claim where nothing waits", (await desk.post("/waybill/v1/claims", { job_types: types })).status, 204)
  },
})
