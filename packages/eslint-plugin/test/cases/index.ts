import { alone } from "./alone.ts"
import { calls } from "./calls.ts"
import type { Case } from "./Case.ts"
import { limits } from "./limits.ts"
import { messages } from "./messages.ts"

export const cases: ReadonlyArray<Case> = [...calls, ...limits, ...messages, ...alone]
