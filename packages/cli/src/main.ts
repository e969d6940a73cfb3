#!/usr/bin/env node
// As a whole: a name that an older Node does not have would end the program before it could say so.
import * as modules from "node:module"
import { refuseNode } from "./refuseNode.ts"

const refused = refuseNode(process.versions.node)
if (refused === undefined) {
  // What a command loads is compiled once per version and not once per call. Nothing else is loaded before that is said.
  modules.enableCompileCache()
  const { start } = await import("./program.ts")
  await start()
} else {
  process.stderr.write(`${refused}\n`)
  process.exitCode = 1
}
