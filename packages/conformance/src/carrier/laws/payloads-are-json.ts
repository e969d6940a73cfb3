import { encodeJson, type Json, jsonEqual, ownJson } from "@waybill/ledger"
import { Result } from "effect"
import { forPayloads } from "../payloads.ts"
import { type CarrierLaw, unless } from "../property.ts"

const law: CarrierLaw = {
  id: "CARRIER-02",
  statement: "Whatever a payload's schema takes is a JSON object, and written twice it is the same text.",
  violation: "a schema that takes NaN, undefined, a Date or a list: what JSON writes otherwise than it was.",
  check: (subject) =>
    forPayloads(subject, ({ event_type, payload }) => {
      const isObject = typeof payload === "object" && payload !== null && !Array.isArray(payload)
      if (!isObject) return unless(false, `a payload of ${event_type}`, "an object", payload)
      const owned = ownJson(payload)
      if (Result.isFailure(owned)) return unless(false, `a payload of ${event_type}`, "JSON", owned.failure)
      const text = encodeJson(owned.success)
      const again = JSON.parse(text) as Json
      return (
        unless(jsonEqual(again, owned.success), `${event_type}, written and read`, owned.success, again) ??
        unless(encodeJson(again) === text, `${event_type}, written twice`, text, encodeJson(again))
      )
    }),
}
export default law
