import { isRecordedFact, Vocabulary } from "@waybill/ledger"
import { recordedEvents } from "@waybill/ledger/testing"
import { forPayloads } from "../payloads.ts"
import { type CarrierLaw, unless } from "../property.ts"

const law: CarrierLaw = {
  id: "CARRIER-03",
  statement:
    "A reader keeps fields that it does not know, says of types that it does not know them, and throws at nothing.",
  violation: "a reader that is as strict as a constructor: the first record of a newer writer stops every older one.",
  check: (subject) =>
    forPayloads(subject, ({ event_type, payload }) => {
      const { reader } = subject.carrier
      const prefix = event_type.slice(0, event_type.lastIndexOf("."))
      const [newer, unknown, broken] = recordedEvents([
        { event_type, job_id: "job-1", payload: { ...(payload as object), neverHeardOf: 1 } },
        { event_type: `${prefix}.never_heard_of`, job_id: "job-1", payload },
        { event_type, job_id: "job-1", payload: null },
      ]).map((event) => reader.owns(event.event_type) && reader.decode(event))
      const kept = isRecordedFact(newer) ? (newer.payload as Readonly<Record<string, unknown>>) : {}
      return (
        unless(kept["neverHeardOf"] === 1, `${event_type} with a field that nobody knows`, "the fact with it", newer) ??
        unless(unknown instanceof Vocabulary.UnknownType, `${prefix}.never_heard_of`, "an UnknownType", unknown) ??
        unless(broken instanceof Vocabulary.MalformedFact, `${event_type} without a payload`, "a MalformedFact", broken)
      )
    }),
}
export default law
