import { answered, same } from "../Desk.ts"
import { doc } from "../documents.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-015",
  level: 0,
  source: "JobSpec v0 §1.2, §1.3",
  statement:
    "Texts come back as they were sent: any Unicode, keys such as `__proto__`; what is no UTF-8 becomes U+FFFD.",
  violation: "a map that is an object with a prototype, or a copy through another encoding.",
  needs: ["mutates"],
  check: async (desk) => {
    const payload = {
      note: "\u0000\u001f\u2028 é 漢 \u{1f600} <&>",
      ["__proto__"]: 1,
      constructor: { prototype: 2 },
      "": [],
    }
    const job_id = `${desk.fresh()}-é 漢`
    const body = `{"job_type":"eval.suite","job_id":${JSON.stringify(job_id)},"payload":{"note":${JSON.stringify(payload.note)},"__proto__":1,"constructor":{"prototype":2},"":[]}}`
    const answer = answered("the submission", await desk.post("/v1/jobs", body), 202)
    same("its id", answer["job_id"], job_id)
    const [event] = await desk.eventsOf(job_id)
    same(
      "the payload in the event",
      JSON.stringify(
        doc(event?.["payload"], "payload")["job_payload"],
        Object.keys(payload).toSorted().concat("prototype"),
      ),
      JSON.stringify(JSON.parse(body).payload, Object.keys(payload).toSorted().concat("prototype")),
    )
    const invalid = desk.fresh()
    const bytes = new TextEncoder().encode(`{"job_type":"eval.suite","job_id":"${invalid}","payload":{"note":"a?b"}}`)
    bytes[bytes.lastIndexOf(63)] = 0xff
    same("the status of a body that is no UTF-8", (await desk.post("/v1/jobs", bytes)).status, 202)
    const [replaced] = await desk.eventsOf(invalid)
    same(
      "what became of it",
      doc(doc(replaced?.["payload"], "payload")["job_payload"], "job_payload")["note"],
      "a\ufffdb",
    )
  },
})
