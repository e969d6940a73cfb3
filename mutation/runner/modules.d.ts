declare module "vitest-itself" {
  export { assertType, chai, expect, expectTypeOf } from "vitest"
}
declare module "fast-check-itself" {
  export * from "fast-check"
  export { default } from "fast-check"
}
