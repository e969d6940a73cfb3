import type { ArgumentError } from "@waybill/command-contract"

const todo = ({ code, message, param }: ArgumentError): string => {
  const meant = /did you mean (\S+)\?$/u.exec(message)?.[1]
  switch (code) {
    case "FLAG_UNKNOWN":
      return meant === undefined ? `leave out ${param}` : `write ${meant} in place of ${param}`
    case "WORD_UNEXPECTED":
      return `leave out ${JSON.stringify(param)}`
    case "FLAG_REQUIRED":
      return `add ${param}`
    case "FLAG_VALUE_MISSING":
      return `give ${param} a value`
    default:
      return meant === undefined ? `correct ${param}` : `give ${param} the value ${meant}`
  }
}

/** What to do about arguments that were refused, each by its name: `Add --type; correct --max-attempts.` */
export const argumentFix = (errors: ReadonlyArray<ArgumentError>): string => {
  const all = [...new Set(errors.map(todo))].join("; ")
  return all === "" ? "Correct the arguments." : `${all.slice(0, 1).toUpperCase()}${all.slice(1)}.`
}
