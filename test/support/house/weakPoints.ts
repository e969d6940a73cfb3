/** Every numbered weak point of the page has a test that bears its number, and every number that a test bears is on the page. */

const onPage = /^\| (W-\d{2}) \|/gmu
const inTitle = /\[(W-\d{2})\]/gu

interface Text {
  readonly path: string
  readonly text: string
}

const isTest = ({ path }: Text): boolean => /^packages\/.*\.(unit|prop|int|e2e|long)\.test\.ts$/u.test(path)

/** What is wrong, a line each. `wanted` is how many weak points there are. */
export const checkWeakPoints = (page: string, files: ReadonlyArray<Text>, wanted: number): ReadonlyArray<string> => {
  const numbers = Array.from(page.matchAll(onPage), ([, number = ""]) => number)
  const known = new Set(numbers)
  const tagged = new Map<string, string>()
  for (const { path, text } of files.filter(isTest))
    for (const [, number = ""] of text.matchAll(inTitle)) tagged.set(number, path)
  const expected = Array.from({ length: wanted }, (_, n) => `W-${String(n + 1).padStart(2, "0")}`)
  return [
    ...expected.filter((number) => !known.has(number)).map((number) => `${number} is not on the page`),
    ...numbers.filter((number, at) => numbers.indexOf(number) !== at).map((number) => `${number} is on the page twice`),
    ...expected.filter((number) => !tagged.has(number)).map((number) => `${number} has no test`),
    ...[...tagged].filter(([number]) => !known.has(number)).map(([number, path]) => `${path}: ${number} is on no page`),
  ]
}
