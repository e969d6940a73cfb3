import { settleArtifact } from "../settleArtifact.ts"

export default settleArtifact(
  "settle-artifact-1mib",
  "1 MiB",
  2 ** 20,
  "Hashing takes 7.4 ms on both sides, ten and eleven times over the same bytes. The data plane makes 335 calls to the system on its own " +
    "thread, the loop that opens by handle 374 and the bare loop 152, and while the disk is fast it hands four more to others: " +
    "the flushes of 1 MiB, beside which it hashes. What is left are the effects around those calls, as with 4 KiB. They take more than " +
    "in a process that is left alone, since code grows cold by the collection before each run and behind each flush: of 4 KiB in " +
    "memory, 6.4 ms of processor time with a collection before each run, 4.7 without one, 3.6 once all is compiled; the loop that " +
    "opens by handle 1.3 ms.",
)
