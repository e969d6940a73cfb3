import type { Manifest } from "../../../scripts/public-packages.ts"

/** Outside dependencies of any kind without a line of their own (`- \`name\` (licence): why`) on the page of reasons. */
export const checkReasons = (manifests: ReadonlyArray<Manifest>, page: string): ReadonlyArray<string> => {
  const own = new Set(manifests.map(({ name }) => name))
  const explained = new Set([...page.matchAll(/^- `([^`]+)` \([^)]+\): \S/gm)].map(([, name]) => name))
  const used = manifests.flatMap((manifest) =>
    Object.keys({
      ...manifest.dependencies,
      ...manifest.devDependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    }),
  )
  return [...new Set(used)]
    .filter((name) => !own.has(name) && !explained.has(name))
    .map((name) => `docs/decisions/dependencies.md: ${name} has no line "- \`${name}\` (licence): why"`)
}
