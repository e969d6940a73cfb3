import { settleArtifact } from "../settleArtifact.ts"

export default settleArtifact("settle-artifact-1mib", "1 MiB", 2 ** 20)
