import { settleArtifact } from "../settleArtifact.ts"

export default settleArtifact(
  "settle-artifact-1mib",
  "1 MiB",
  2 ** 20,
  "Hashing takes 7.4 ms on both sides, eleven times over the same bytes. Beside it the data plane takes 10 ms of processor time, the " +
    "loop that opens by handle 4.5 ms: 3.5 ms more are the 400 effects around calls to the system, as with 4 KiB; the rest is handed to " +
    "other threads, 5 writes and 4 flushes of 1 MiB, and comes back from another core's cache. Of 512 MiB none of this is left: there " +
    "reading ahead and hashing while the disk writes make it faster than the loop.",
)
