/**
 * What a validator leaves to its caller where facts are made and lines are read, written by hand: with it, the same is in the
 * same hands as after ours.
 *
 * @module
 */
import type { Checks, Envelope, Payload } from "./factSchemas.ts"

const job_id_units_max = 256
// oxlint-disable-next-line no-control-regex -- control characters are what this looks for
const control = /[\u0000-\u001f\u007f-\u009f]/u

const isJobId = (id: string): boolean =>
  id !== "" && id.length <= job_id_units_max && id.trim() === id && id.isWellFormed() && !control.test(id)

/** The least that is a fact: a copy of the fields that are known to be there, frozen. */
export const copyFact = ({ artifact, requestedEventId, runId }: Payload): unknown => {
  const { bytes, path, sha256 } = artifact
  const payload = Object.freeze({ requestedEventId, runId, artifact: Object.freeze({ path, sha256, bytes }) })
  return Object.freeze({ event_type: "built.finalized", job_id: runId, payload, unique: undefined })
}

/** A fact of a payload that is checked and then copied, or false. What a validator does not know is asked here: texts are well-formed. */
export const makeFact =
  ({ payload: accepts }: Checks) =>
  (given: Payload): unknown =>
    accepts(given) !== false &&
    isJobId(given.runId) &&
    given.requestedEventId.isWellFormed() &&
    given.artifact.path.isWellFormed() &&
    copyFact(given)

const time = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/u
const halfCharacter = /\\u[dD][89a-fA-F]/u

/** A recorded fact of a line whose text, envelope and payload are checked, or false. */
export const readFact =
  ({ envelope: accepts }: Checks) =>
  (line: string): unknown => {
    if (!line.isWellFormed() || (line.includes("\\u") && halfCharacter.test(line))) return false
    const event: Envelope = JSON.parse(line)
    if (accepts(event) === false) return false
    const { actor, event_id, event_type, job_id, occurred_at, request_id } = event
    for (const text of [event_id, job_id, event_type, actor]) if (text.trim() === "") return false
    if (/\s/u.test(request_id) || !time.test(occurred_at) || Number.isNaN(Date.parse(occurred_at))) return false
    return { ...event, position: 1 }
  }
