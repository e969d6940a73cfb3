import { settleArtifact } from "../settleArtifact.ts"

export default settleArtifact(
  "settle-artifact-4kib",
  "4 KiB",
  4 * 2 ** 10,
  "Of 4 KiB, what is moved and hashed is nothing; what is measured are some 400 calls to the system. They are the same on both sides " +
    "and take 1.7 ms of processor time in the bare loop, 2.2 ms where the folders are opened by handle; the data plane takes 5.7 ms " +
    "for them, since each is an effect that can be interrupted, fails in its own words and is closed by a scope. By profile of its " +
    "thread, half of the time are flushes and a fifth other calls, 15 % Effect and the collector, 10 % the code around the calls.",
)
