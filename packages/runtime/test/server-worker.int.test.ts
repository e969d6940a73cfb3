import { serverDesk } from "./support/serverDesk.ts"
import { workerSuite } from "./support/workerSuite.ts"

workerSuite(serverDesk)
