import { settleArtifact } from "../settleArtifact.ts"

export default settleArtifact(
  "settle-artifact-1mib",
  "1 MiB",
  2 ** 20,
  "Hashing takes the same on both sides, ten and eleven times over the same bytes. The data plane makes about 335 calls to the system " +
    "beside it, counted by strace, the loop that opens by handle 374 and the bare loop 152. What is left are the effects around those " +
    "calls, each of which can be interrupted, fails in its own words and is closed by a scope; their code has grown cold behind every " +
    "flush. How much that is alone, without the bytes: see 4 KiB. Of an artifact a hundred times as large it is nothing.",
)
