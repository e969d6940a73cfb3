import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"

/** The part of a package.json that the repository's own checks read. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
  readonly bin?: string | Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
}

/** A workspace package: its folder relative to the repository, with forward slashes, and its manifest. */
export interface Package {
  readonly folder: string
  readonly manifest: Manifest
}

/** Reads a JSON file whose shape this repository itself decides. */
const readManifest = (file: string): Manifest => JSON.parse(readFileSync(file, "utf8"))

/** Every package and example in the tree, sorted by folder; the repository's own manifest is the list of where. */
export const packagesOf = (root: string): ReadonlyArray<Package> => {
  const { workspaces }: { readonly workspaces: ReadonlyArray<string> } = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  )
  return workspaces
    .flatMap((pattern) => globSync(`${pattern}/package.json`, { cwd: root }))
    .map((file) => file.replaceAll("\\", "/").replace(/\/package\.json$/, ""))
    .toSorted()
    .map((folder) => ({ folder, manifest: readManifest(join(root, folder, "package.json")) }))
}

/** The packages that strangers install. */
export const publicPackagesOf = (root: string): ReadonlyArray<Package> =>
  packagesOf(root).filter(({ manifest }) => manifest.private !== true)

/** Folders of public packages that `tsconfig.build.json` does not list. */
export const missingFromBuild = (root: string): ReadonlyArray<string> => {
  const { references }: { readonly references: ReadonlyArray<{ readonly path: string }> } = JSON.parse(
    readFileSync(join(root, "tsconfig.build.json"), "utf8"),
  )
  const listed = new Set(references.map(({ path }) => path.replace(/^\.\//, "")))
  return publicPackagesOf(root)
    .map(({ folder }) => folder)
    .filter((folder) => !listed.has(folder))
}
