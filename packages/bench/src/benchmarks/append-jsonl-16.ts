import { appendBenchmark } from "../appendBenchmark.ts"

export default appendBenchmark(16, 8192, true)
