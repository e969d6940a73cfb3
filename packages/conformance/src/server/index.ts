export {
  checkServer,
  type CheckedServerLaw,
  type CheckServerOptions,
  serverLaws,
  type ServerReport,
} from "./checkServer.ts"
export { NoAnswer } from "./Client.ts"
export type { Desk } from "./Desk.ts"
export { NotAServer, TokenRefused } from "./detect.ts"
export { NoLedger } from "./hooks.ts"
export { type Answer, type Asked, curlOf, type Exchange, exchangeText } from "./Exchange.ts"
export { claimHolds, highestClaim, type LevelResult, levelResults, type LevelStatus } from "./levels.ts"
export { serverLaw, type ServerLaw, type ServerLawFields } from "./serverLaw.ts"
export { type Capabilities, type Consumer, consumers, type Target } from "./Target.ts"
export { CannotRestart, restartBy } from "./restartBy.ts"
export { badgeSvg } from "./report/badge.ts"
export { reportHtml } from "./report/html.ts"
export { report_schema_version, reportJson } from "./report/json.ts"
export { beginWith, brokenLaws, conclusionOf, formatLevel, formatServerReport } from "./report/text.ts"
