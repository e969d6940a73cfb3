import { appendBenchmark } from "../appendBenchmark.ts"

export default appendBenchmark(64, 32_768)
