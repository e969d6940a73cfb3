/**
 * The least that an HTTP submission can cost in Node: the body is read and parsed, a line as long as an event is written
 * and flushed together with whatever else waits, and a constant is answered.
 *
 * @module
 */
import { open } from "node:fs/promises"
import type { ServerResponse } from "node:http"
import { answerWith, inGroups, serveSubmissions } from "./bareSubmissions.ts"

const [path = ""] = process.argv.slice(2)
const file = await open(path, "a")
const line = `${"x".repeat(449)}\n`

const submit = inGroups<ServerResponse>(async (group) => {
  await file.write(line.repeat(group.length))
  await file.datasync()
  for (const response of group) answerWith(response, 202)
})

serveSubmissions((_, response) => submit(response))
