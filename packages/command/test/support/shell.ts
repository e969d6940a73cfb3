import { spawn } from "node:child_process"
import { programOf } from "./call.ts"

/** Runs a line of bash in which the word `tool` starts the program of this folder. */
export const shell = async (line: string, cwd?: string) => {
  const node = `"${process.execPath}" "${await programOf("tool.ts")}"`
  return new Promise<{ readonly status: number | null; readonly stdout: string; readonly stderr: string }>(
    (resolve) => {
      const child = spawn("bash", ["-c", line.replaceAll(/\btool\b/g, node)], {
        env: { ...process.env, CI: "", NO_COLOR: "" },
        ...(cwd === undefined ? {} : { cwd }),
      })
      let [stdout, stderr] = ["", ""]
      child.stdout.on("data", (chunk) => (stdout += String(chunk)))
      child.stderr.on("data", (chunk) => (stderr += String(chunk)))
      child.on("close", (status) => resolve({ status, stdout, stderr }))
    },
  )
}
