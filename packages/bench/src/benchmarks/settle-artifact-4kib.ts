import { settleArtifact } from "../settleArtifact.ts"

export default settleArtifact("settle-artifact-4kib", "4 KiB", 4 * 2 ** 10)
