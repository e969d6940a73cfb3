#!/usr/bin/env node
import { main } from "@waybill/command"
import { waybill } from "./app.ts"

await main(waybill)
