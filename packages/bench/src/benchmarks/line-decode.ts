import { validateBenchmark } from "../validateBenchmark.ts"

export default validateBenchmark("line-decode", "decode")
