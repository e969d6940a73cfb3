/**
 * Documents as text (JobSpec v0 §1.3): fields in the order of the contract, the keys of maps in byte order, `<`, `>`, `&`,
 * U+2028 and U+2029 escaped, one newline at the end. A large one is written piece by piece.
 *
 * @module
 */
import { encodeJson, type Json } from "@waybill/ledger"

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

function* pieces(value: unknown, name: string): Generator<string, void> {
  if (value instanceof List || Array.isArray(value)) {
    let before = "["
    for (const item of value as Iterable<unknown>) {
      yield before
      before = ","
      yield* pieces(item, "")
    }
    yield before === "[" ? "[]" : "]"
  } else if (typeof value !== "object" || value === null || maps.has(name)) yield encodeJson(value as Json)
  else {
    let before = "{"
    for (const [key, field] of Object.entries(value)) {
      if (field === undefined) continue
      yield `${before}${encodeJson(key)}:`
      before = ","
      yield* pieces(field, key)
    }
    yield before === "{" ? "{}" : "}"
  }
}

/** How many characters a piece has, about: enough to amortise a write, little enough to let others have a turn. */
const piece_characters = 65_536

/** The text of a document in pieces; joined, they are {@link encodeDocument}. */
export function* documentPieces(document: object): Generator<string, void> {
  let piece = ""
  for (const text of pieces(document, "")) {
    piece += text
    if (piece.length >= piece_characters) {
      yield piece
      piece = ""
    }
  }
  yield `${piece}\n`
}

/** The text of a document, with its newline. */
export const encodeDocument = (document: object): string => [...documentPieces(document)].join("")
