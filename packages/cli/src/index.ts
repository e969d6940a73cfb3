/**
 * The program as a value, for tests and for programs that call it without a process.
 *
 * @module
 */
export { waybill } from "./app.ts"
