#!/usr/bin/env node
import { main } from "@waybill/command"
import { enableCompileCache } from "node:module"
import { waybill } from "./app.ts"

// What a command loads is compiled once per version and not once per call; a version is told without loading anything.
if (process.argv.length > 3) enableCompileCache()
await main(waybill)
