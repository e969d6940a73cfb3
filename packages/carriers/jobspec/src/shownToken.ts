/**
 * Claim tokens as anybody may see them (JobSpec v0 §18.6).
 *
 * @module
 */

/** Stands where another implementation has recorded a token in clear: whoever knows it could end the holder's job. */
export const redacted_token = "(redacted)"

/** A token's digest as it is, anything else as {@link redacted_token}. */
export const shownToken = (recorded: string): string => (/^[0-9a-f]{64}$/u.test(recorded) ? recorded : redacted_token)

/** A fact's payload with its claim token, if it has one, as it may be seen. */
export const shownPayload = <P extends Readonly<Record<string, unknown>>>(payload: P): P => {
  const { claim_token } = payload
  if (typeof claim_token !== "string" || claim_token === "") return payload
  const shown = shownToken(claim_token)
  return shown === claim_token ? payload : { ...payload, claim_token: shown }
}
