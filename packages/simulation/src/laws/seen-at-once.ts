import type { Law } from "../Law.ts"

const law: Law = {
  id: "SIM-03",
  statement:
    "Whoever asks sees everything that anybody was answered before the question, and no position means two facts.",
  violation: "a reader answers from what it knew without looking at what other processes have recorded.",
  check: ({ witness }) => witness.faults,
}
export default law
