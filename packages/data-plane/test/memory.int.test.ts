import { it } from "vitest"
import { expectConstantMemory, mebibyte } from "./support/memory.ts"

// Enough that a copy of it in memory would be noticed.
const size = 128 * mebibyte + 1

it.runIf(process.platform === "linux")(
  "[W-27] 128 MiB and a byte of a sparse file go all the way in less than 64 MiB of memory",
  () => expectConstantMemory("a sparse file", size),
  120_000,
)

it.runIf(process.platform === "linux")(
  "[W-27] 128 MiB and a byte of a builder's own memory go all the way in less than 64 MiB besides",
  () => expectConstantMemory("memory", size),
  120_000,
)
