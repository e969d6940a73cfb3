import type { Package } from "../../../scripts/public-packages.ts"
import { type SourceFile, fileNamedBy, packageNameOf } from "./SourceFile.ts"

/** The floor a package stands on; `undefined` for rooms that may import anything (benchmarks, examples, simulation). */
export const layerOf = (folder: string): number | undefined => {
  if (folder.startsWith("packages/carriers/")) return 1
  return new Map([
    ["packages/ledger", 0],
    ["packages/host", 1],
    ["packages/ledger-store", 2],
    ["packages/data-plane", 2],
    ["packages/command", 2],
    ["packages/conformance", 2],
    ["packages/runtime", 3],
    ["packages/jobspec-server", 4],
    ["packages/cli", 5],
  ]).get(folder)
}

/** Rooms outside the floors: nothing in `packages/` may import them. */
export const isFree = (folder: string): boolean =>
  folder.startsWith("examples/") || ["packages/bench", "packages/simulation", "packages/eslint-plugin"].includes(folder)

/** The package whose folder holds a path; the deepest wins. */
export const ownerOf = (packages: ReadonlyArray<Package>, path: string): Package | undefined =>
  packages
    .filter(({ folder }) => path.startsWith(`${folder}/`))
    .toSorted((a, b) => b.folder.length - a.folder.length)[0]

/** Packages that stand on no floor and are not free either. */
export const checkPlaces = (packages: ReadonlyArray<Package>): ReadonlyArray<string> =>
  packages
    .filter(({ folder }) => layerOf(folder) === undefined && !isFree(folder))
    .map(({ folder }) => `${folder}: no layer is known for this package; add it to the table in layers.ts`)

/** Imports in `src` that do not go down, or that reach into another package's folder instead of naming it. */
export const checkLayers = (
  packages: ReadonlyArray<Package>,
  files: ReadonlyArray<SourceFile>,
): ReadonlyArray<string> =>
  files.flatMap((file) => {
    const owner = ownerOf(packages, file.path)
    if (owner === undefined || !file.path.startsWith(`${owner.folder}/src/`)) return []
    const layer = layerOf(owner.folder)
    return file.imports.flatMap(({ line, specifier }) => {
      const at = `${file.path}:${line}`
      const relative = fileNamedBy(file.path, specifier)
      if (relative !== undefined) {
        return relative.startsWith(`${owner.folder}/src/`)
          ? []
          : [`${at}: ${specifier} leaves ${owner.folder}/src; import the package by its name`]
      }
      const target = packages.find(({ manifest }) => manifest.name === packageNameOf(specifier))
      if (target === undefined || target === owner || layer === undefined) return []
      const below = layerOf(target.folder)
      return below !== undefined && below < layer
        ? []
        : [`${at}: ${owner.folder} (layer ${layer}) imports ${target.folder} (${below ?? "outside the layers"})`]
    })
  })

/**
 * What `package.json` declares against what `src` imports: every package that is imported is a dependency or a peer,
 * every workspace dependency is imported by `src` and stands as the exact version of its package.
 */
export const checkDependencies = (
  packages: ReadonlyArray<Package>,
  files: ReadonlyArray<SourceFile>,
): ReadonlyArray<string> =>
  packages.flatMap(({ folder, manifest }) => {
    const at = `${folder}/package.json`
    const own = files.filter(({ path }) => path.startsWith(`${folder}/src/`))
    const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }
    const imported = new Set(own.flatMap((file) => file.imports.map(({ specifier }) => packageNameOf(specifier))))
    const undeclared = own.flatMap((file) =>
      file.imports.flatMap(({ line, specifier }) => {
        const name = packageNameOf(specifier)
        return name === undefined || name === manifest.name || name in declared
          ? []
          : [`${file.path}:${line}: ${name} is imported but ${at} does not declare it`]
      }),
    )
    const workspace = packages.flatMap(({ manifest: other }) => {
      const all = { ...declared, ...manifest.devDependencies }
      const version = all[other.name]
      if (version === undefined) return []
      return [
        ...(version === other.version
          ? []
          : [`${at}: ${other.name} must be exactly "${other.version}", not "${version}"`]),
        ...(other.name in declared && own.length > 0 && !imported.has(other.name)
          ? [`${at}: ${other.name} is a dependency but src imports nothing from it`]
          : []),
      ]
    })
    return [...undeclared, ...workspace]
  })
