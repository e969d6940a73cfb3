/**
 * What a simulated disk is made of: files, directories and their names, each as it is now and as it would be after a crash.
 *
 * @module
 */
import type { Survival } from "./MemoryDisk.ts"

export interface FileNode {
  readonly kind: "file"
  readonly inode: bigint
  content: Uint8Array
  durable: Uint8Array
  mode: number
  links: number
  modified_ms: number
  /** Moves with every change; counts instead of telling the time. */
  changed_ns: bigint
}
/** The names in a directory, and how often they have changed. */
export class Names extends Map<string, Node> {
  changes = 0n

  override set(name: string, node: Node): this {
    if (this.get(name) !== node) this.changes++
    return super.set(name, node)
  }
  override delete(name: string): boolean {
    this.changes++
    return super.delete(name)
  }
  /** Other names in their place, which is a change. */
  replacedBy(names: Iterable<readonly [string, Node]>): Names {
    const replaced = new Names()
    for (const [name, node] of names) replaced.set(name, node)
    replaced.changes = this.changes + 1n
    return replaced
  }
}
export interface DirectoryNode {
  readonly kind: "directory"
  readonly inode: bigint
  entries: Names
  durable: Map<string, Node>
}
export interface OtherNode {
  readonly kind: "link" | "other"
  readonly inode: bigint
}
export type Node = FileNode | DirectoryNode | OtherNode

export const directory = (inode: bigint): DirectoryNode => ({
  kind: "directory",
  inode,
  entries: new Names(),
  durable: new Map(),
})

export const isSegment = (name: string): boolean =>
  name !== "" && name !== "." && name !== ".." && !name.includes("/") && !name.includes("\0")

const encoder = new TextEncoder()
export const byBytes = (a: string, b: string): number => {
  const [x, y] = [encoder.encode(a), encoder.encode(b)]
  for (let i = 0; i < x.length && i < y.length; i++) if (x[i] !== y[i]) return (x[i] ?? 0) - (y[i] ?? 0)
  return x.length - y.length
}

/** Power was cut: what was not flushed is gone, or whatever `survives` says is left of it. */
export const crashed = (node: Node, path: string, survives: Survival): void => {
  if (node.kind === "file" && node.content !== node.durable) {
    node.content = survives(path, node.durable, node.content)
    node.durable = node.content
  }
  if (node.kind !== "directory") return
  node.entries = node.entries.replacedBy(node.durable)
  for (const [name, child] of node.entries) crashed(child, `${path}/${name}`, survives)
}

export const filesBelow = (node: Node | undefined, path: string): ReadonlyArray<string> => {
  if (node?.kind === "file") return [path]
  if (node?.kind !== "directory") return []
  return [...node.entries].flatMap(([name, child]) => filesBelow(child, `${path}/${name}`))
}
