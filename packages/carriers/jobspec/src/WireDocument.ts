/**
 * Documents as text (JobSpec v0 §1.3): fields in the order of the contract, the keys of maps in byte order, `<`, `>`, `&`,
 * U+2028 and U+2029 escaped, one newline at the end. A large one is written piece by piece.
 *
 * @module
 */
import { encodeJson, encodeKey, type Json } from "@waybill/ledger"

/** A list of a document whose items are made when they are looked at. */
export class List<T> implements Iterable<T> {
  readonly length: number
  readonly #items: () => Iterator<T>

  private constructor(length: number, items: () => Iterator<T>) {
    this.length = length
    this.#items = items
  }

  /** Those entities that are wanted, as they are at this moment. */
  static from<E, T>(
    entries: Iterable<readonly [string, E]>,
    isWanted: (entity: E) => boolean,
    document: (entity: E) => T,
  ): List<T> {
    const entities: Array<E> = []
    for (const [, entity] of entries) if (isWanted(entity)) entities.push(entity)
    return new List(entities.length, function* () {
      for (const entity of entities) yield document(entity)
    })
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items()
  }

  /** The whole list, for `JSON.stringify`. */
  toJSON(): ReadonlyArray<T> {
    return [...this]
  }
}

/** Fields whose value is a map, not a structure of the contract: their keys are sorted, and left as they are. */
const maps: ReadonlySet<string> = new Set(["payload", "artifacts", "artifact_refs"])

const isStructure = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** The text of a value that holds no {@link List}. */
const textOf = (value: unknown, name: string): string => {
  if (Array.isArray(value)) {
    let text = "["
    for (const item of value as ReadonlyArray<unknown>) text += `${text.length === 1 ? "" : ","}${textOf(item, "")}`
    return `${text}]`
  }
  if (!isStructure(value) || maps.has(name)) return encodeJson(value as Json)
  let text = "{"
  for (const key of Object.keys(value)) {
    const field = value[key]
    if (field === undefined) continue
    if (text.length > 1) text += ","
    text += encodeKey(key)
    text += typeof field === "object" ? textOf(field, key) : encodeJson(field as Json)
  }
  return `${text}}`
}

/** Whether a structure has a list somewhere below, which is then written item by item. */
const hasList = (value: unknown): boolean => {
  if (value instanceof List) return true
  if (!isStructure(value)) return false
  for (const key of Object.keys(value)) if (typeof value[key] === "object" && hasList(value[key])) return true
  return false
}

function* pieces(value: unknown, name: string): Generator<string, void> {
  if (value instanceof List) {
    let before = "["
    for (const item of value as List<unknown>) {
      yield before + textOf(item, "")
      before = ","
    }
    yield before === "[" ? "[]" : "]"
  } else if (isStructure(value) && hasList(value)) {
    let before = "{"
    for (const [key, field] of Object.entries(value)) {
      if (field === undefined) continue
      yield before + encodeKey(key)
      before = ","
      yield* pieces(field, key)
    }
    yield "}"
  } else yield textOf(value, name)
}

/** How many characters a piece has, about: enough to amortise a write, little enough to let others have a turn. */
const piece_characters = 65_536

/** The text of a document in pieces; joined, they are {@link encodeDocument}. */
export function* documentPieces(document: object): Generator<string, void> {
  // Joined, a piece is one flat string; added up, it would stay a tree of small ones for as long as somebody keeps it.
  let texts: Array<string> = []
  let characters = 0
  for (const text of pieces(document, "")) {
    texts.push(text)
    characters += text.length
    if (characters < piece_characters) continue
    yield texts.join("")
    texts = []
    characters = 0
  }
  texts.push("\n")
  yield texts.join("")
}

/** The text of a document, with its newline. */
export const encodeDocument = (document: object): string => [...documentPieces(document)].join("")
