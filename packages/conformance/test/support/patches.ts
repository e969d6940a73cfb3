/** Small changes of our own sources that make a server wrong in one way. */

export interface Patch {
  /** Below `packages/`. */
  readonly file: string
  readonly find: string
  readonly replace: string
}

/** A source with the patch. Throws unless what it looks for is there exactly once. */
export const applied = ({ file, find, replace }: Patch, source: string): string => {
  const parts = source.split(find)
  if (parts.length !== 2) throw new Error(`the patch of ${file} applies ${parts.length - 1} times: ${find}`)
  return parts.join(replace)
}
