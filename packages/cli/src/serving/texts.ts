/**
 * The answers of the token commands, as people read them.
 *
 * @module
 */
import { visible } from "@waybill/command"
import type { ShownTokens } from "./tokens.ts"

/** A token that is shown is shown whole, alone on its line, to be copied. */
export const tokensText = ({ token_file, tokens }: ShownTokens): string =>
  [
    visible(token_file),
    ...tokens.flatMap(({ capabilities, local_only, name, token }) => [
      `  ${visible(name)}: ${capabilities.join(", ")}${local_only ? "; from this machine alone" : ""}`,
      ...(token === undefined ? [] : [`    ${visible(token)}`]),
    ]),
  ].join("\n")
