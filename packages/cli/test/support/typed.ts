import { execFileSync } from "node:child_process"

/** The words that a shell makes of a line, without the program. */
export const typed = (line: string): ReadonlyArray<string> =>
  execFileSync("/bin/sh", ["-c", `for word in ${line}; do printf '%s\\0' "$word"; done`], { encoding: "utf8" })
    .split("\0")
    .slice(1, -1)
