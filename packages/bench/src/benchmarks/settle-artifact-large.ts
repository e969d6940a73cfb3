import { settleArtifact } from "../settleArtifact.ts"

/** Each run writes five times as much; `WAYBILL_BENCH_LARGE_MIB=256` makes it smaller. */
const size_mib = Number(process.env["WAYBILL_BENCH_LARGE_MIB"] ?? 1024)

export default settleArtifact("settle-artifact-large", `${size_mib} MiB`, size_mib * 2 ** 20)
