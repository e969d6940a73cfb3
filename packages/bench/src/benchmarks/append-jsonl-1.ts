import { appendBenchmark } from "../appendBenchmark.ts"

export default appendBenchmark(1, 2048)
