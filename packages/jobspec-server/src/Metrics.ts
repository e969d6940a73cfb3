/**
 * What the server has done, in Prometheus' text format.
 *
 * @module
 */

/** Upper ends of the histogram, in seconds. */
const buckets_s = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5]

interface Timing {
  readonly counts: Array<number>
  sum_s: number
  count: number
}

/** A number at this moment. */
export interface Gauge {
  readonly name: string
  readonly help: string
  readonly value: number
}

export class Metrics {
  readonly #requests = new Map<string, number>()
  readonly #counters = new Map<string, { readonly help: string; readonly counts: Map<string, number> }>()
  readonly #timings = new Map<string, Timing>()

  /** One answered request. `route` is the route's own path, so that there are as many series as routes. */
  answered(method: string, route: string, status: number, duration_ms: number): void {
    const labels = `method="${method}",route="${route}",status="${status}"`
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1)
    let timing = this.#timings.get(route)
    if (timing === undefined) {
      timing = { counts: buckets_s.map(() => 0), sum_s: 0, count: 0 }
      this.#timings.set(route, timing)
    }
    const duration_s = duration_ms / 1000
    timing.sum_s += duration_s
    timing.count++
    const bucket = buckets_s.findIndex((end_s) => duration_s <= end_s)
    if (bucket >= 0) timing.counts[bucket] = (timing.counts[bucket] ?? 0) + 1
  }

  /** Adds one to a counter. Label values come from a set that does not grow. */
  count(name: string, help: string, labels: Readonly<Record<string, string>>): void {
    let counter = this.#counters.get(name)
    if (counter === undefined) {
      counter = { help, counts: new Map() }
      this.#counters.set(name, counter)
    }
    const said = Object.entries(labels)
      .map(([label, value]) => `${label}=${JSON.stringify(value)}`)
      .join(",")
    counter.counts.set(said, (counter.counts.get(said) ?? 0) + 1)
  }

  text(gauges: ReadonlyArray<Gauge>): string {
    const lines = [
      "# HELP waybill_http_requests_total Requests that were answered.",
      "# TYPE waybill_http_requests_total counter",
    ]
    for (const [labels, count] of this.#requests) lines.push(`waybill_http_requests_total{${labels}} ${count}`)
    lines.push(
      "# HELP waybill_http_request_duration_seconds From a request's head to its answer's end.",
      "# TYPE waybill_http_request_duration_seconds histogram",
    )
    for (const [route, { count, counts, sum_s }] of this.#timings) {
      let below = 0
      for (const [i, end_s] of buckets_s.entries()) {
        below += counts[i] ?? 0
        lines.push(`waybill_http_request_duration_seconds_bucket{route="${route}",le="${end_s}"} ${below}`)
      }
      lines.push(
        `waybill_http_request_duration_seconds_bucket{route="${route}",le="+Inf"} ${count}`,
        `waybill_http_request_duration_seconds_sum{route="${route}"} ${sum_s}`,
        `waybill_http_request_duration_seconds_count{route="${route}"} ${count}`,
      )
    }
    for (const [name, { counts, help }] of this.#counters) {
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} counter`)
      for (const [labels, value] of counts) lines.push(`${name}{${labels}} ${value}`)
    }
    for (const { help, name, value } of gauges)
      lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, `${name} ${value}`)
    return `${lines.join("\n")}\n`
  }
}
