/**
 * Lint rules that keep the promises of a command: every network call ends, standard output holds one answer, and the
 * process ends by the framework's hand.
 *
 * The rules read syntax and scopes alone, need no types, and run in ESLint 10 (flat config) and in oxlint (`jsPlugins`).
 *
 * @module
 */
import type { PublishedRule } from "./lint.ts"
import { declareNetworkIo } from "./rules/declareNetworkIo.ts"
import { describeDisable } from "./rules/describeDisable.ts"
import { networkCallNeedsTimeout } from "./rules/networkCallNeedsTimeout.ts"
import { noDirectStdout } from "./rules/noDirectStdout.ts"
import { noProcessExit } from "./rules/noProcessExit.ts"

const meta = { name: "waybill", version: "0.1.0" }

export type RuleName =
  | "declare-network-io"
  | "describe-disable"
  | "network-call-needs-timeout"
  | "no-direct-stdout"
  | "no-process-exit"

const rules: Record<RuleName, PublishedRule> = {
  "declare-network-io": declareNetworkIo,
  "describe-disable": describeDisable,
  "network-call-needs-timeout": networkCallNeedsTimeout,
  "no-direct-stdout": noDirectStdout,
  "no-process-exit": noProcessExit,
}

const base = { meta, rules }

/**
 * The plugin. `configs.recommended` checks network calls everywhere; `configs.commands` adds the rules for files that
 * hold command handlers.
 *
 * @example
 * ```js
 * import waybill from "@waybill/eslint-plugin"
 *
 * export default [
 *   waybill.configs.recommended,
 *   { ...waybill.configs.commands, files: ["src/commands/**"] },
 * ]
 * ```
 */
const plugin = {
  ...base,
  configs: {
    recommended: {
      name: "waybill/recommended",
      plugins: { waybill: base },
      rules: { "waybill/network-call-needs-timeout": "error", "waybill/describe-disable": "error" } as const,
    },
    commands: {
      name: "waybill/commands",
      plugins: { waybill: base },
      rules: {
        "waybill/declare-network-io": "error",
        "waybill/no-direct-stdout": "error",
        "waybill/no-process-exit": "error",
      } as const,
    },
  },
}

export default plugin
export type { AdditionalSink, Options } from "./options.ts"
export type { PublishedRule, RuleMeta } from "./lint.ts"
