/**
 * A report as JSON, for other programs.
 *
 * @module
 */
import type { ServerReport } from "../checkServer.ts"

/** The version of the JSON's form. A reader refuses others. */
export const report_schema_version = 1

/** The report as a JSON document, one newline at its end. */
export const reportJson = (report: ServerReport): string =>
  `${JSON.stringify({ schema_version: report_schema_version, ...report }, null, 2)}\n`
