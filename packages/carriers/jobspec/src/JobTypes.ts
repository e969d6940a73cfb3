/**
 * The job types that a queue knows: the contract's fourteen, the settlement's, and what a host registers (JobSpec v0 §12.4, §14).
 *
 * @module
 */
import type { JsonObject } from "@waybill/ledger"
import { consumer_names, openclaw_names } from "./ConsumerNames.ts"
import { contract_payloads } from "./contractPayloads.ts"
import { type PayloadShape, refusePayload } from "./PayloadShape.ts"
import { settlementType } from "./SettlementJob.ts"

/** Which lists of the projections a job stands in. Every job stands in the consumer's `jobs`. */
export type Family = "rpi" | "dream" | "wiki"

export interface JobType {
  /** Words joined by dots, such as `report.build`. */
  readonly name: string
  readonly family?: Family
  /** The projections a job of this type changes, unless its acceptance says otherwise; the two daemon ones by default. */
  readonly projection_targets?: ReadonlyArray<string>
  /** Whether the consumer's trigger route may submit it; not by default. */
  readonly isTriggerable?: boolean
  /** Whether a worker claims it only when it asks for the type by its name; not by default. */
  readonly isClaimedByName?: boolean
  /** The known fields of its payload, or a check that says what is wrong. An empty payload is not checked. */
  readonly payload?: PayloadShape | ((payload: JsonObject) => string | undefined)
}

const daemon_targets = ["daemon-status", "daemon-job-status"]

const inFamily = (family: Family, projection: string): Omit<JobType, "name"> => ({
  family,
  projection_targets: [projection, openclaw_names.projection, ...daemon_targets],
})
const snapshot = (name: string, projection: string): JobType => ({
  name,
  projection_targets: [projection, ...daemon_targets],
  isTriggerable: true,
})
const rpi = inFamily("rpi", "rpi-registry")
const dream = inFamily("dream", "dream-runs")
const wiki = inFamily("wiki", "wiki-jobs")

const withPayload = (type: JobType): JobType => {
  const payload = contract_payloads[type.name]
  return payload === undefined ? type : { ...type, payload }
}

/** The fourteen of the contract, in its order. */
export const contract_job_types: ReadonlyArray<JobType> = [
  { name: "rpi.run", ...rpi, isTriggerable: true },
  { name: "rpi.phase", ...rpi },
  { name: "dream.run", ...dream, isTriggerable: true },
  { name: "dream.stage", ...dream },
  { name: "wiki.build", ...wiki },
  { name: "wiki.forge", ...wiki, isTriggerable: true },
  { name: "factory.admission" },
  { name: "factory.local-pilot" },
  snapshot(openclaw_names.job_type, openclaw_names.projection),
  { name: "plans.projection", projection_targets: ["plans-manifest", ...daemon_targets] },
  { name: "llmwiki.loop" },
  { name: "eval.suite" },
  { name: "eval.skill-delta" },
  { name: "skill.invoke" },
].map(withPayload)

/** What later revisions of the contract call one of the fourteen. Read and served like the original. */
export const renamed_job_types: ReadonlyArray<JobType> = [snapshot(consumer_names.job_type, consumer_names.projection)]

const name_bytes_max = 128

/** Throws for a name that could not stand in an event or a route. */
const refuseName = (name: string): void => {
  if (!/^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/iu.test(name) || name.length > name_bytes_max)
    throw new TypeError(
      `${JSON.stringify(name)} cannot name a job type: want words of letters, digits, - and _ joined by dots, at most ${name_bytes_max} characters`,
    )
}

const hashOf = (text: string): number => {
  let hash = 0x811c9dc5
  for (const character of text) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return hash
}

/** A registry of job types. */
export class JobTypes {
  readonly #types = new Map<string, JobType>()
  /** Changes with what a fold makes of the types, so that a checkpoint of other types is not used. */
  readonly version: number

  /** The contract's types, the settlement's and the given ones. Throws `TypeError` for a name that is bad or registered twice. */
  constructor(more: ReadonlyArray<JobType> = []) {
    for (const type of [...contract_job_types, ...renamed_job_types, settlementType, ...more]) {
      refuseName(type.name)
      if (this.#types.has(type.name)) throw new TypeError(`the job type ${type.name} is registered twice`)
      this.#types.set(type.name, type)
    }
    const lines = [...this.#types.values()].map(
      ({ family = "", name }) => `${name} ${family} ${this.targets(name).join(" ")}`,
    )
    this.version = hashOf(lines.sort().join("\n"))
  }

  has(name: string): boolean {
    return this.#types.has(name)
  }

  get names(): ReadonlyArray<string> {
    return [...this.#types.keys()]
  }

  family(name: string): Family | undefined {
    return this.#types.get(name)?.family
  }

  targets(name: string): ReadonlyArray<string> {
    return this.#types.get(name)?.projection_targets ?? daemon_targets
  }

  isTriggerable(name: string): boolean {
    return this.#types.get(name)?.isTriggerable === true
  }

  isClaimedByName(name: string): boolean {
    return this.#types.get(name)?.isClaimedByName === true
  }

  /** What is wrong with a payload of this type; an empty one is never wrong. */
  refusePayload(name: string, payload: JsonObject): string | undefined {
    const check = this.#types.get(name)?.payload
    if (check === undefined || Object.keys(payload).length === 0) return undefined
    return typeof check === "function" ? check(payload) : refusePayload(check, payload)
  }
}
