#!/usr/bin/env node
import { main } from "@waybill/command"
// As a whole: a name that an older Node does not have would end the program before it could say so.
import * as modules from "node:module"
import { waybill } from "./app.ts"
import { refuseNode } from "./refuseNode.ts"

const refused = refuseNode(process.versions.node)
if (refused === undefined) {
  // What a command loads is compiled once per version and not once per call; a version is told without loading anything.
  if (process.argv.length > 3) modules.enableCompileCache()
  await main(waybill)
} else {
  process.stderr.write(`${refused}\n`)
  process.exitCode = 1
}
