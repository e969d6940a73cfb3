/** A server that is wrong on purpose: ours, with one small change. */
import type { Patch } from "./patches.ts"

export interface BrokenServer extends Patch {
  readonly name: string
  /** The law that speaks of it. */
  readonly law: string
  /** A second place that has to be changed too. */
  readonly also?: Patch
}

/** Everything that makes it wrong. */
export const patchesOf = ({ also, file, find, replace }: BrokenServer): ReadonlyArray<Patch> => [
  { file, find, replace },
  ...(also === undefined ? [] : [also]),
]

/** Names a server that is wrong in one source of ours, below `packages/`. */
export const inFile =
  (file: string) =>
  (name: string, law: string, find: string, replace: string): BrokenServer => ({ name, law, file, find, replace })
