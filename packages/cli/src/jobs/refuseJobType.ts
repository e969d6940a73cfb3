/** What a job type may be called; apart from the queue itself, as it is asked before anything heavy is loaded. */

/** Why a text is no name of a job type; `undefined` when it is one. */
export const refuseJobType = (name: string): string | undefined =>
  /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/iu.test(name) && name.length <= 128
    ? undefined
    : `${JSON.stringify(name)} is no name of a job type: words of letters, digits, - and _ joined by dots`
