import fold from "./benchmarks/fold-queue.ts"
const opened = await fold.open(1)
for (let r = 0; r < 5; r++)
  for (const s of opened.subjects) {
    globalThis.gc?.()
    const m = process.threadCpuUsage()
    const c = process.cpuUsage()
    s.run()
    const u = process.threadCpuUsage(m)
    const uc = process.cpuUsage(c)
    console.log(
      s.name,
      "main",
      ((u.user + u.system) / 1000).toFixed(0),
      "all",
      ((uc.user + uc.system) / 1000).toFixed(0),
    )
  }
