import { decodeLine, encodeLine, isRecordedFact, jsonEqual } from "@waybill/ledger"
import { recordedEvents } from "@waybill/ledger/testing"
import { Result } from "effect"
import { forPayloads } from "../payloads.ts"
import { type CarrierLaw, unless } from "../property.ts"

const law: CarrierLaw = {
  id: "CARRIER-01",
  statement: "A payload that its schema takes is read back from its line as it was written.",
  violation: "a reader with a schema of its own, stricter than the one that facts are made by.",
  check: (subject) =>
    forPayloads(subject, ({ event_type, payload }) => {
      const [event] = recordedEvents([{ event_type, job_id: "job-1", payload }])
      if (event === undefined) return undefined
      const { position, ...written } = event
      const line = decodeLine(encodeLine(written))
      if (Result.isFailure(line)) return unless(false, `the line of ${event_type}`, "to be read", line.failure.message)
      const read = subject.carrier.reader.decode({ ...line.success, position })
      return isRecordedFact(read)
        ? unless(jsonEqual(read.payload, payload), `${event_type}, as it was read`, payload, read.payload)
        : unless(false, `${event_type}, as it was read`, "a fact", read)
    }),
}
export default law
