import { appendBenchmark } from "../appendBenchmark.ts"

export default appendBenchmark(16, 16_384, true)
