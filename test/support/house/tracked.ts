import { posix } from "node:path"

/** A file under version control. `text` is undefined for what is not text. */
export interface TrackedFile {
  readonly path: string
  readonly text: string | undefined
}

const shapeless = /^(utils?|helpers?|common|misc|managers?)$/i

/** Files and folders whose name says nothing about what is in them, whatever the spelling: `pathUtils`, `job-manager`. */
export const checkNames = (paths: ReadonlyArray<string>): ReadonlyArray<string> =>
  paths.flatMap((path) => {
    const stems = path.split("/").map((part) => part.replace(/\..*$/, ""))
    const words = stems.flatMap((stem) => stem.split(/[-_]|(?<=[a-z])(?=[A-Z])/))
    const word = words.find((name) => shapeless.test(name))
    return word === undefined ? [] : [`${path}: "${word}" says nothing; name the idea that the file holds`]
  })

/** Spelled in pieces so that this file does not find itself. */
const machinePath = new RegExp(String.raw`(?<![\w.}@-])/(?:${["work", "root", "home", "Users"].join("|")})/[\w.]`, "g")
const registryHost = new RegExp(
  String.raw`\b(?:registry\.(?:npmjs|yarnpkg|npmmirror)\.\w+|npm\.pkg\.github\.com|[\w.-]*(?:artifactory|nexus|verdaccio)[\w-]*\.[\w.-]*\w|_auth${"Token"})`,
  "gi",
)

/** Text that is true on one machine only: absolute paths of somebody's home, hosts of a package registry. */
export const checkPlacesNamed = (files: ReadonlyArray<TrackedFile>): ReadonlyArray<string> =>
  files.flatMap(({ path, text }) =>
    text === undefined
      ? []
      : text
          .split("\n")
          .flatMap((line, index) =>
            [...line.matchAll(machinePath), ...line.matchAll(registryHost)].map(
              (match) => `${path}:${index + 1}: "${match[0]}" belongs to one machine`,
            ),
          ),
  )

/** Lock entries that say where they were downloaded from; the caller's own registry decides that. */
export const checkLockHosts = (lock: {
  readonly packages: Readonly<Record<string, { readonly resolved?: string }>>
}): ReadonlyArray<string> =>
  Object.entries(lock.packages).flatMap(([name, { resolved }]) =>
    resolved !== undefined && /^\w+:/.test(resolved) ? [`package-lock.json: ${name} is resolved to a host`] : [],
  )

/** Source files over `limit` lines without a written reason, and reasons that nothing needs any more. */
export const checkSizes = (
  files: ReadonlyArray<TrackedFile>,
  limit: number,
  reasons: Readonly<Record<string, string>>,
): ReadonlyArray<string> => {
  const long = files.flatMap(({ path, text = "" }) => {
    const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0)
    return /\.(ts|mts|mjs|js)$/.test(posix.basename(path)) && lines > limit ? [{ path, lines }] : []
  })
  return [
    ...long
      .filter(({ path }) => (reasons[path] ?? "").trim() === "")
      .map(({ lines, path }) => `${path}: ${lines} lines, more than ${limit}; split it or write down why not`),
    ...Object.keys(reasons)
      .filter((path) => !long.some((file) => file.path === path))
      .map((path) => `${path}: has a reason to be long but is not long (any more)`),
  ]
}
