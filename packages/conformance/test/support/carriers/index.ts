import { queueCarrier } from "./queue.ts"
import { schedulingCarrier } from "./scheduling.ts"
import { workspaceJob } from "./workspaceJob.ts"

/** Our own carriers that have facts. The command contract has none: it describes commands, and records nothing. */
export const ownCarriers = [workspaceJob, queueCarrier, schedulingCarrier]
