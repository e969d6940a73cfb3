import { encodeLine } from "@waybill/ledger"
import { make } from "../Benchmark.ts"
import { jobspecEvents } from "../jobspecEvents.ts"

const events_count = 100_000

/** What byte order, escapes and a fixed envelope cost beside the engine's own JSON. */
export default make({
  name: "encode-line",
  title: "Encoding events as ledger lines",
  unit: "events",
  input: () => jobspecEvents(events_count),
  amount: (events) => events.length,
  describe: (events) => `${events.length} JobSpec-like events, payload keys in no order`,
  subjects: [
    {
      name: "encodeLine",
      role: "subject",
      run: (events) => events.reduce((bytes, event) => bytes + encodeLine(event).length, 0),
    },
    {
      name: "JSON.stringify",
      role: "limit",
      run: (events) => events.reduce((bytes, event) => bytes + JSON.stringify(event).length, 0),
    },
  ],
})
