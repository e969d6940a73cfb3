import type { Package } from "../../../scripts/public-packages.ts"
import { type SourceFile, fileNamedBy } from "./SourceFile.ts"

/** One cycle per knot of the graph, written `a -> b -> a`; empty when there is none. */
export const findCycles = (edges: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<string> => {
  const done = new Set<string>()
  const cycles: Array<string> = []
  const walk = (node: string, trail: ReadonlyArray<string>): void => {
    const start = trail.indexOf(node)
    if (start >= 0) {
      cycles.push([...trail.slice(start), node].join(" -> "))
      return
    }
    if (done.has(node)) return
    for (const next of edges.get(node) ?? []) walk(next, [...trail, node])
    done.add(node)
  }
  for (const node of edges.keys()) walk(node, [])
  return cycles
}

/** Cycles between files that import each other's values; an import of types alone loads nothing. */
export const checkFileCycles = (files: ReadonlyArray<SourceFile>): ReadonlyArray<string> =>
  findCycles(
    new Map(
      files.map((file) => [
        file.path,
        file.imports
          .filter(({ typeOnly }) => !typeOnly)
          .flatMap(({ specifier }) => fileNamedBy(file.path, specifier) ?? []),
      ]),
    ),
  ).map((cycle) => `import cycle: ${cycle}`)

/** Cycles between packages, by what their manifests ask for, `devDependencies` included. */
export const checkPackageCycles = (packages: ReadonlyArray<Package>): ReadonlyArray<string> =>
  findCycles(
    new Map(
      packages.map(({ manifest }) => [
        manifest.name,
        Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.devDependencies }),
      ]),
    ),
  ).map((cycle) => `package cycle: ${cycle}`)
