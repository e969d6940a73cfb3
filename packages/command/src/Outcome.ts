import type { ErrorDetail, Pagination } from "@waybill/command-contract"
import type { Truncation } from "./Cap.ts"

/** How a handler's run ended, as it travels from the handler's process to the one that answers. */
export type Outcome =
  | {
      readonly ok: true
      readonly data: object | null
      readonly pagination?: Pagination
      readonly truncation?: Truncation
      /** The text for a terminal, when the command renders its own. */
      readonly text?: string
    }
  | {
      readonly ok: false
      readonly exit_code: number
      readonly error: ErrorDetail
      readonly data: object | null
      readonly truncation?: Truncation
      readonly text?: string
    }
