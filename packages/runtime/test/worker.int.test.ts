import { workerSuite } from "./support/workerSuite.ts"
import { ledgerDesk } from "./support/workplace.ts"

workerSuite(ledgerDesk)
