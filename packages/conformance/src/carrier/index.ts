export {
  type Carrier,
  decides,
  type DecidesOptions,
  type Ending,
  endsOf,
  type Past,
  type Step,
  writes,
} from "./Carrier.ts"
export { carrierKeepsLaw, carrierLaws, type CarrierOptions, checkCarrier } from "./checkCarrier.ts"
export { Draw, drawFrom } from "./Draw.ts"
export { type CarrierLaw, hostile, plausible } from "./property.ts"
export { type Said, type Settlement, settling, type ToldAttempt } from "./Settlement.ts"
export { given, type Given, type Outcome, type RecordedSoFar } from "./given.ts"
