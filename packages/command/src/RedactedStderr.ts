/**
 * stderr of a handler's process, without its secrets. Bytes pass as they come, but for an end that may be the beginning of a
 * secret: that is held until more is known.
 *
 * @module
 */
import { withoutSecrets } from "./PlainText.ts"

export interface RedactedStderr {
  /** The part of what has come so far that can be passed on. */
  readonly take: (chunk: Uint8Array) => Uint8Array
  /** What was held at the end. */
  readonly end: () => Uint8Array
}

/** One character for each byte, so that a secret is found also where the bytes around it are no text. */
const bytewise = (text: string): string => Buffer.from(text, "utf8").toString("latin1")

/** How much of the end may be the beginning of a secret. */
const heldOf = (text: string, secrets: ReadonlyArray<string>): number => {
  let held = 0
  for (const secret of secrets) {
    for (let length = Math.min(secret.length - 1, text.length); length > held; length--) {
      if (text.endsWith(secret.slice(0, length))) held = length
    }
  }
  return held
}

/** @param secrets values that must not be passed on; the empty text is ignored */
export const makeRedactedStderr = (secrets: ReadonlyArray<string>): RedactedStderr => {
  const sought = secrets.filter((secret) => secret !== "").map(bytewise)
  let waiting = ""
  return {
    take: (chunk) => {
      const text = withoutSecrets(waiting + Buffer.from(chunk).toString("latin1"), sought)
      const at = text.length - heldOf(text, sought)
      waiting = text.slice(at)
      return Buffer.from(text.slice(0, at), "latin1")
    },
    end: () => {
      const rest = Buffer.from(waiting, "latin1")
      waiting = ""
      return rest
    },
  }
}
