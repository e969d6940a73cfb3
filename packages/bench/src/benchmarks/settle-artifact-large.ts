import { settleArtifact } from "../settleArtifact.ts"

/** `WAYBILL_BENCH_LARGE_MIB=1024` makes it 1 GiB; each run writes five times as much. */
const size_mib = Number(process.env["WAYBILL_BENCH_LARGE_MIB"] ?? 256)

export default settleArtifact("settle-artifact-large", `${size_mib} MiB`, size_mib * 2 ** 20)
