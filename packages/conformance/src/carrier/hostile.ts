/**
 * Hostile histories: a plausible one after careless writers, newer versions and strangers had their hands on it.
 *
 * @module
 */
import { eventId, type JsonObject, type RecordedEvent } from "@waybill/ledger"
import type { Carrier } from "./Carrier.ts"
import { Draw, drawFrom } from "./Draw.ts"

/** One thing that is wrong with a history: what, where, and what it draws. */
export interface Twist {
  readonly kind: number
  readonly at: number
  readonly seed: number
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

type Leaf = string | number

/** Every text or number in a value, with the way to it. */
const leaves = (
  value: unknown,
  path: ReadonlyArray<string> = [],
): ReadonlyArray<readonly [ReadonlyArray<string>, Leaf]> => {
  if (typeof value === "string" || typeof value === "number") return [[path, value]]
  if (typeof value !== "object" || value === null) return []
  return Object.entries(value).flatMap(([key, entry]) => leaves(entry, [...path, key]))
}

const withLeaf = (value: unknown, [first, ...rest]: ReadonlyArray<string>, leaf: unknown): unknown => {
  if (first === undefined) return leaf
  if (Array.isArray(value)) return value.map((entry, i) => (String(i) === first ? withLeaf(entry, rest, leaf) : entry))
  return isObject(value) ? { ...value, [first]: withLeaf(value[first], rest, leaf) } : value
}

const junk: ReadonlyArray<unknown> = [null, 0, -1, 1e308, "", "\u0000", [], {}, true, [[]], { "": null }]

/** An event that says something else, under the id that it had. */
const saying = (event: RecordedEvent, payload: unknown): RecordedEvent => ({ ...event, payload: payload as JsonObject })

/** Each kind of mistake, on one event of a history. */
type Mistake = (
  event: RecordedEvent,
  draw: Draw,
  events: ReadonlyArray<RecordedEvent>,
  carrier: Carrier,
) => ReadonlyArray<RecordedEvent>

const renamed = (event: RecordedEvent, draw: Draw): RecordedEvent => ({
  ...event,
  event_id: eventId(event.event_type, event.job_id, 900_000 + draw.below(90_000)),
})

/** One text of the payload is another one of the history. */
const otherReference: Mistake = (event, draw, events) => {
  const texts = leaves(event.payload).filter(([, leaf]) => typeof leaf === "string")
  if (texts.length === 0) return [event]
  const ids = new Set(events.map(({ event_id }) => event_id))
  const references = texts.filter(([, leaf]) => ids.has(String(leaf)))
  // What refers to another event is what most depends on.
  const [path] = draw.from(references.length > 0 && draw.below(3) > 0 ? references : texts)
  const donor = draw.from(events)
  const others = [
    donor.event_id,
    ...leaves(donor.payload).flatMap(([, leaf]) => (typeof leaf === "string" ? [leaf] : [])),
    "nobody",
  ]
  return [saying(event, withLeaf(event.payload, path, draw.from(others)))]
}

const otherNumber: Mistake = (event, draw) => {
  const numbers = leaves(event.payload).filter(([, leaf]) => typeof leaf === "number")
  if (numbers.length === 0) return [event]
  const [path, leaf] = draw.from(numbers)
  return [saying(event, withLeaf(event.payload, path, Number(leaf) + draw.from([-1, 1, 1000])))]
}

const drawnPayload = (event: RecordedEvent, draw: Draw, carrier: Carrier): RecordedEvent => {
  const type = carrier.facts.find(({ event_type }) => event_type === event.event_type)
  const payload = type === undefined ? undefined : drawFrom(type.payload, draw.below(1e9))
  return payload === undefined ? event : saying(event, structuredClone(payload))
}

/** Another fact that nobody decided on, about the same job and with what this one refers to. */
const undecided: Mistake = (event, draw, events, carrier) => {
  const lived = draw.from(events)
  const type = draw.from(carrier.facts)
  const [event_type, made] =
    draw.below(3) > 0
      ? [lived.event_type, lived.payload]
      : [type.event_type, structuredClone(drawFrom(type.payload, draw.below(1e9)))]
  if (!isObject(made) || !isObject(event.payload)) return [event]
  const shared = Object.entries(event.payload).filter(([key]) => key in made)
  return [event, saying(renamed({ ...event, event_type }, draw), { ...made, ...Object.fromEntries(shared) })]
}

const mistakes: ReadonlyArray<Mistake> = [
  // Recorded a second time, by a writer that tried again.
  (event, draw) => [event, renamed(event, draw)],
  // Copied, id and all.
  (event) => [event, event],
  // Of another job.
  (event, draw, events) => [{ ...event, job_id: draw.from([draw.from(events).job_id, draw.job(), "another-job"]) }],
  otherReference,
  otherReference,
  otherReference,
  otherReference,
  otherNumber,
  // Written by hand, by somebody who knows the schema and nothing else.
  (event, draw, _, carrier) => [drawnPayload(event, draw, carrier)],
  // Of a type that a newer version has.
  (event) => [{ ...event, event_type: `${event.event_type.split(".")[0]}.never_heard_of` }],
  // With a field that a newer version has.
  (event) => [saying(event, { ...event.payload, neverHeardOf: { of: "a field" } })],
  // Malformed as a whole.
  (event, draw) => [saying(event, draw.from(junk))],
  // Malformed in one place.
  (event, draw) => {
    const places = leaves(event.payload)
    return places.length === 0
      ? [event]
      : [saying(event, withLeaf(event.payload, draw.from(places)[0], draw.from(junk)))]
  },
  // Without one of its fields.
  (event, draw) => {
    const keys = Object.keys(event.payload ?? {})
    if (keys.length === 0) return [event]
    const gone = draw.from(keys)
    return [saying(event, Object.fromEntries(Object.entries(event.payload).filter(([key]) => key !== gone)))]
  },
  // Of another type, with the same payload.
  (event, draw, events, carrier) => [
    {
      ...event,
      event_type: draw.below(2) === 0 ? draw.from(events).event_type : draw.from(carrier.reader.event_types),
    },
  ],
  undecided,
  undecided,
  // Another fact of the same job, once more.
  (event, draw, events) => {
    const own = events.filter(({ event_type, job_id }) => job_id === event.job_id && event_type !== event.event_type)
    return own.length === 0 ? [event] : [event, renamed(draw.from(own), draw)]
  },
  // Lost.
  () => [],
]

/** The history with what is wrong with it, at new positions. Ids stay as they are, so that what refers to them still does. */
export const twisted = (
  carrier: Carrier,
  plausible: ReadonlyArray<RecordedEvent>,
  twists: ReadonlyArray<Twist>,
): ReadonlyArray<RecordedEvent> => {
  let events: ReadonlyArray<RecordedEvent> = plausible
  for (const { at, kind, seed } of twists) {
    if (events.length === 0) break
    const index = at % events.length
    const event = events[index]
    const mistake = mistakes[kind % (mistakes.length + 1)]
    if (event === undefined) continue
    const rest = events.toSpliced(index, 1)
    // Out of order, or one of the mistakes; what it adds comes somewhere afterwards.
    const [here, added] = mistake === undefined ? [undefined, event] : mistake(event, new Draw(seed), events, carrier)
    const left = here === undefined ? rest : rest.toSpliced(index, 0, here)
    const from = here === undefined ? 0 : index + 1
    events = added === undefined ? left : left.toSpliced(from + (seed % (left.length - from + 1)), 0, added)
  }
  return events.map((event, i) => ({ ...event, position: i + 1 }))
}
