/**
 * The simulated network. Fault model: a message is lost, comes twice, comes late, or overtakes another; a partition loses all
 * messages between one host and the rest for a while. What a process has sent arrives although it has died since.
 *
 * @module
 */
import type { Loop, Owner } from "./Loop.ts"
import { Random } from "./Random.ts"

/** How bad the network is now. */
export interface Weather {
  readonly loss: number
  readonly duplication: number
  /** The longest that a message is under way beyond the usual. */
  readonly delay_ms: number
}

const usual_ms_max = 2

export class Network {
  weather: Weather
  readonly #cut = new Set<string>()
  readonly #loop: Loop
  readonly #random: Random

  constructor(loop: Loop, seed: number, weather: Weather) {
    this.#loop = loop
    this.#random = Random.of(seed, "network")
    this.weather = weather
  }

  cut(host: string, isCut: boolean): void {
    if (isCut) this.#cut.add(host)
    else this.#cut.delete(host)
  }

  mend(): void {
    this.#cut.clear()
    this.weather = { loss: 0, duplication: 0, delay_ms: 0 }
  }

  /** Sends a message; `arrive` runs as something that `to` does, once, twice or never. */
  send(from: string, to: Owner, what: string, arrive: () => void): void {
    const { delay_ms, duplication, loss } = this.weather
    const copies = this.#random.chance(duplication) ? 2 : 1
    if (copies > 1) this.#loop.meet("duplication", from, `to ${to.name}: ${what}, twice`)
    for (let i = 0; i < copies; i++) {
      const isCut = this.#cut.has(from) || this.#cut.has(to.name)
      if (isCut || this.#random.chance(loss)) {
        this.#loop.meet(isCut ? "partition" : "loss", from, `to ${to.name}: ${what}, lost`)
        continue
      }
      const late_ms = this.#random.chance(0.2) ? this.#random.unit() * delay_ms : 0
      if (late_ms > 0) this.#loop.meet("delay", from, `to ${to.name}: ${what}, late by ${Math.round(late_ms)} ms`)
      this.#loop.after(this.#random.unit() * usual_ms_max + late_ms, to, () => {
        this.#loop.tell(to.name, `from ${from}: ${what}`)
        arrive()
      })
    }
  }
}
