/** `@scope/name` → its two halves; a name without a scope has none. */
export const splitName = (name: string): { readonly group: string | undefined; readonly name: string } => {
  const slash = name.startsWith("@") ? name.indexOf("/") : -1
  return { group: slash < 0 ? undefined : name.slice(0, slash), name: name.slice(slash + 1) }
}

/** Everything but letters, digits, `.`, `-`, `_`, `~` and `:` is percent-encoded (purl specification, character encoding). */
const encode = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%3A", ":")

/**
 * The package URL of an npm package: the scope is the namespace, and scope and name are in lower case
 * (purl specification, type `npm`). Two old packages whose names differ in case only share one.
 *
 * @example
 * purlOf("@scope/name", "1.0.0+b") // "pkg:npm/%40scope/name@1.0.0%2Bb"
 */
export const purlOf = (fullName: string, version: string | undefined): string => {
  const { group, name } = splitName(fullName.toLowerCase())
  const path = [...(group === undefined ? [] : [group]), name].map(encode).join("/")
  return `pkg:npm/${path}${version === undefined ? "" : `@${encode(version)}`}`
}

/** `name@version`, or the name alone: what tells the packages of one lock apart. */
export const label = (name: string, version: string | undefined): string =>
  version === undefined ? name : `${name}@${version}`
