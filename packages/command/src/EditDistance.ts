/** How many letters must be changed, added, removed or swapped with their neighbour to make one word of the other. */
export const editDistance = (a: string, b: string): number => {
  let before: ReadonlyArray<number> = []
  let row: ReadonlyArray<number> = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(changed, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row[b.length] ?? 0
}

/** The known word that was most likely meant, if one is near enough. */
export const nearest = (word: string, known: ReadonlyArray<string>): string | undefined => {
  const limit = Math.max(1, Math.floor(word.length / 3))
  const found = known
    .map((each) => ({ each, distance: each.startsWith(word) && word.length > 1 ? 0 : editDistance(word, each) }))
    .toSorted((a, b) => a.distance - b.distance)[0]
  return found !== undefined && found.distance <= limit ? found.each : undefined
}
