import { afterAll, beforeAll, it } from "vitest"
import { make, remove, toldTheSame } from "./support/oneJob.ts"

beforeAll(make)
afterAll(remove)

it(
  "whatever befalls the files, a job asked alone is told as it is by who knows all, many times",
  () => toldTheSame(300),
  900_000,
)
