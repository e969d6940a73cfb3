import { expect, it } from "vitest"
import { argumentFix } from "../src/argumentFix.ts"
import { humanError } from "../src/Human.ts"

const error = (code: string, param: string, message = "is wrong") => ({
  code,
  param,
  field: param.replace(/^-+/, ""),
  message: `${param} ${message}`,
})

it("what to do about refused arguments names each of them, once", () => {
  expect(
    argumentFix([
      error("FLAG_REQUIRED", "--type"),
      error("FLAG_UNKNOWN", "--tpye", "is not a flag of this command; did you mean --type?"),
      error("FLAG_UNKNOWN", "--port"),
      error("WORD_UNEXPECTED", "0"),
      error("FLAG_VALUE_MISSING", "--key"),
      error("FLAG_ENUM", "--status", '"runing" is none of running, complete; did you mean running?'),
      error("FLAG_TYPE", "--max-attempts"),
      error("FLAG_TYPE", "--max-attempts"),
    ]),
  ).toBe(
    'Add --type; write --type in place of --tpye; leave out --port; leave out "0"; give --key a value; give --status the value running; correct --max-attempts.',
  )
})

it("on a terminal several of them are told one by one, each once", () => {
  const errors = [error("FLAG_UNKNOWN", "--port", "is not a flag"), error("FLAG_REQUIRED", "--type", "is required")]
  const told = (listed: ReadonlyArray<(typeof errors)[number]>) =>
    humanError(
      {
        code: "ARG_ERROR",
        message: listed.map(({ message }) => `${message}.`).join(" "),
        retryable: false,
        phase: "validation",
        fix_required: argumentFix(listed),
        errors: [...listed],
      },
      { columns: 80, colour: false },
    )
  expect(told(errors)).toBe(
    "error: 2 arguments are wrong: [ARG_ERROR]\n  --port is not a flag\n  --type is required\nfix: Leave out --port; add --type.",
  )
  expect(told(errors.slice(0, 1))).toBe("error: --port is not a flag. [ARG_ERROR]\nfix: Leave out --port.")
})
