import { validateBenchmark } from "../validateBenchmark.ts"

export default validateBenchmark("fact-construct", "construct")
