/**
 * Entities by where they wait: the index behind `View.due` and `View.count`.
 *
 * A lane is a tree over the entities' ordinals, 32 ways wide, that is never changed: a change makes a new path from the
 * root. So a branch of a fold shares all lanes with what lies below, and dropping it costs nothing. Every node knows the
 * earliest time below it, which leads to the first entity that is due without a look at those that are not.
 *
 * @module
 */
import type { Place } from "./Projection.ts"

interface Node {
  /** The earliest time of the entities below. */
  readonly from: number
  readonly count: number
  /** Set at the bottom, where a node is one entity. */
  readonly key: string | undefined
  /** One bit per way that is taken, and the nodes of those ways in order. */
  readonly ways: number
  readonly nodes: ReadonlyArray<Node>
}

const way_bits = 5
/** Six ways down tell 2^30 entities apart, more than a process can hold. */
const top_shift = 25

const none: ReadonlyArray<Node> = []

const countOfBits = (bits: number): number => {
  let n = bits - ((bits >>> 1) & 0x55555555)
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333)
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

const over = (ways: number, nodes: ReadonlyArray<Node>): Node => {
  let from = Number.POSITIVE_INFINITY
  let count = 0
  for (const node of nodes) {
    if (node.from < from) from = node.from
    count += node.count
  }
  return { from, count, key: undefined, ways, nodes }
}

/** The tree with the leaf of one entity replaced; `undefined` takes it out. An empty tree is `undefined`. */
const put = (tree: Node | undefined, shift: number, ordinal: number, leaf: Node | undefined): Node | undefined => {
  if (shift < 0) return leaf
  const way = 1 << ((ordinal >>> shift) & 31)
  const ways = tree?.ways ?? 0
  const nodes = tree?.nodes ?? none
  const at = countOfBits(ways & (way - 1))
  const isTaken = (ways & way) !== 0
  const after = put(isTaken ? nodes[at] : undefined, shift - way_bits, ordinal, leaf)
  if (after === undefined) {
    if (!isTaken) return tree
    return nodes.length === 1 ? undefined : over(ways & ~way, nodes.toSpliced(at, 1))
  }
  return over(ways | way, isTaken ? nodes.with(at, after) : nodes.toSpliced(at, 0, after))
}

function* dueIn(node: Node, until: number): Generator<string, void> {
  if (node.key !== undefined) {
    yield node.key
    return
  }
  for (const below of node.nodes) if (below.from <= until) yield* dueIn(below, until)
}

/** The places of an entity as the projection tells them; one that throws has none. */
export const placesOf = <E>(
  places: ((entity: E) => ReadonlyArray<Place>) | undefined,
  entity: E | undefined,
): ReadonlyArray<Place> => {
  if (places === undefined || entity === undefined) return []
  try {
    return places(entity).filter(({ from }) => !Number.isNaN(from))
  } catch {
    // A fact must not stop a ledger, and the same entity throws wherever it is looked at: the index stays one.
    return []
  }
}

/** All lanes of one fold, or of a branch on top of it. */
export class Lanes {
  readonly #below: Lanes | undefined
  readonly #trees = new Map<string, Node | undefined>()

  constructor(below?: Lanes) {
    this.#below = below
  }

  #tree(lane: string): Node | undefined {
    if (this.#below === undefined || this.#trees.has(lane)) return this.#trees.get(lane)
    return this.#below.#tree(lane)
  }

  #set(lane: string, tree: Node | undefined): void {
    if (tree === undefined && this.#below === undefined) this.#trees.delete(lane)
    else this.#trees.set(lane, tree)
  }

  /** Moves an entity from its places before to those after. */
  move(key: string, ordinal: number, before: ReadonlyArray<Place>, after: ReadonlyArray<Place>): void {
    for (const { from, lane } of before) {
      const stays = after.some((place) => place.lane === lane && place.from === from)
      if (!stays) this.#set(lane, put(this.#tree(lane), top_shift, ordinal, undefined))
    }
    for (const { from, lane } of after) {
      const stayed = before.some((place) => place.lane === lane && place.from === from)
      if (!stayed)
        this.#set(lane, put(this.#tree(lane), top_shift, ordinal, { from, count: 1, key, ways: 0, nodes: none }))
    }
  }

  *due(lane: string, until: number): Generator<string, void> {
    const tree = this.#tree(lane)
    if (tree !== undefined && tree.from <= until) yield* dueIn(tree, until)
  }

  earliest(lane: string): number | undefined {
    return this.#tree(lane)?.from
  }

  count(lane: string): number {
    return this.#tree(lane)?.count ?? 0
  }

  /** Takes over what a branch has changed. */
  absorb(branch: Lanes): void {
    for (const [lane, tree] of branch.#trees) this.#set(lane, tree)
  }
}
