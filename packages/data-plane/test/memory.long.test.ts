import { it } from "vitest"
import { expectConstantMemory, mebibyte } from "./support/memory.ts"

it.runIf(process.platform === "linux")(
  "[W-27] 5 GiB of a sparse file go all the way in less than 64 MiB of memory",
  () => expectConstantMemory("a sparse file", 5 * 1024 * mebibyte),
)
