import { settleArtifact } from "../settleArtifact.ts"

export default settleArtifact(
  "settle-artifact-4kib",
  "4 KiB",
  4 * 2 ** 10,
  "Of 4 KiB, what is moved and hashed is nothing; what is measured are calls to the system: by strace about 335 of the data plane, 374 " +
    "where a bare loop opens the folders by handle, 152 where it does not. By profile of the data plane in a memory file system, with all " +
    "its code compiled, three fifths of its processor time are the calls and a quarter Effect; with a collection before each run, as " +
    "here, its code has grown cold and it takes nearly twice as long.",
)
