import { appendBenchmark } from "../appendBenchmark.ts"

export default appendBenchmark(256, 65_536)
