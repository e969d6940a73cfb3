import {
  allLaws,
  checkLaw,
  checkLaws,
  findLaws,
  holds,
  formatReport,
  kindOf,
  keepsLaw,
  lawsPage,
  type Law,
  same,
  storeLaws,
} from "@waybill/conformance"
import { Effect } from "effect"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { describe, expect, it } from "vitest"

const law = (id: string, check: Law<number>["check"], appliesTo?: Law<number>["appliesTo"]): Law<number> => ({
  id,
  statement: `${id} is kept.`,
  violation: "by breaking it.",
  check,
  ...(appliesTo === undefined ? {} : { appliesTo }),
})

describe("a verdict", () => {
  const subject = Effect.succeed(7)
  const verdict = (check: Law<number>["check"]) =>
    Effect.runPromise(checkLaw(law("X-01", check), subject, { limit_ms: 50 }))

  it("is given whatever the subject does: it fails, dies, throws, hangs, or hangs when it is stopped", async () => {
    expect(await verdict(() => Effect.void)).toEqual({ status: "pass" })
    expect(await verdict(() => Effect.fail(new TypeError("broken")))).toEqual({
      status: "fail",
      reason: "TypeError: broken",
    })
    expect(await verdict(() => Effect.die("at once"))).toEqual({ status: "fail", reason: "at once" })
    expect(
      await verdict(() => {
        throw new RangeError("thrown")
      }),
    ).toEqual({ status: "fail", reason: "RangeError: thrown" })
    const late = { status: "fail", reason: "was not done within 50 ms" }
    expect(await verdict(() => Effect.never)).toEqual(late)
    expect(await verdict(() => Effect.uninterruptible(Effect.never))).toEqual(late)
  })

  it("of a law that says nothing about the subject is neither pass nor fail", async () => {
    const check = checkLaw(
      law(
        "X-01",
        () => Effect.void,
        (n) => (n > 5 ? "too large" : undefined),
      ),
      subject,
    )
    expect(await Effect.runPromise(check)).toEqual({ status: "not applicable", reason: "too large" })
  })

  it("of a law that was not looked at says what would have been needed", async () => {
    const skipping: Law<number> = { ...law("X-01", () => Effect.die("not reached")), skips: () => "needs an 8" }
    const verdict = await Effect.runPromise(checkLaw(skipping, subject))
    expect(verdict).toEqual({ status: "skipped", reason: "needs an 8" })
    const report = formatReport(await Effect.runPromise(checkLaws("seven", [skipping], subject)))
    expect(report.split("\n").slice(1)).toEqual([
      "  skip  X-01  X-01 is kept.",
      "        needs an 8",
      "1 laws: 0 pass, 0 fail, 0 not applicable, 1 skipped",
    ])
  })

  it("says in words what should have been so", async () => {
    expect(await verdict(() => holds("the sum is even", false, 7))).toEqual({
      status: "fail",
      reason: "expected that the sum is even, found 7",
      expected: "that the sum is even",
      found: "7",
    })
  })

  it("shows what was expected and what was found, apart", async () => {
    expect(await verdict(() => same("the sum", 7, 8))).toEqual({
      status: "fail",
      reason: "the sum: expected 8, found 7",
      expected: "8",
      found: "7",
    })
  })

  it("is an error with the law's number and sentence for a test runner", async () => {
    const [first] = await storeLaws()
    await expect(keepsLaw(first!, Effect.fail(new Error("no place")))).rejects.toThrow(
      /^STORE-01 What is .*\nError: no place$/su,
    )
  })
})

it("a report shows each law by its sentence, what is broken with its reason, and the sum", async () => {
  const report = await Effect.runPromise(
    checkLaws(
      "seven",
      [
        law("X-01", () => Effect.void),
        law("X-02", () => Effect.fail(new Error("a\nb"))),
        law(
          "X-03",
          () => Effect.void,
          () => "not for numbers",
        ),
      ],
      Effect.succeed(7),
    ),
  )
  expect(report.isKept).toBe(false)
  expect(formatReport(report)).toBe(
    [
      "seven",
      "  pass  X-01  X-01 is kept.",
      "  FAIL  X-02  X-02 is kept.",
      "        Error: a",
      "        b",
      "        How this happens: by breaking it.",
      "  n/a   X-03  X-03 is kept.",
      "        not for numbers",
      "3 laws: 1 pass, 1 fail, 1 not applicable",
    ].join("\n"),
  )
})

it("each law says what it promises and how it is broken, in a sentence; servers' laws of the contract bear their level", async () => {
  for (const { id, level, statement, violation } of await allLaws()) {
    expect(statement, id).toMatch(/^[A-Z].*[.…]$/u)
    expect(violation, id).toMatch(/^[a-z"].*\.$/u)
    if (id.startsWith("JOBSPEC-")) expect(id, id).toMatch(new RegExp(`^JOBSPEC-${level}\\d\\d$`, "u"))
  }
})

describe("laws are files", () => {
  const inFolder = async (files: Readonly<Record<string, string>>) => {
    const folder = mkdtempSync(join(tmpdir(), "waybill-laws-"))
    try {
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
      return await findLaws(pathToFileURL(`${folder}/`))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
  const file = (id: string) => `export default { id: "${id}", statement: "", violation: "", check: () => {} }`

  it("a new file is a new law, found by its number wherever it lies", async () => {
    const files = { "z.js": file("X-01"), "a.js": file("X-02"), "a.d.ts": "not a law", "a.js.map": "{}" }
    expect((await inFolder(files)).map(({ id }) => id)).toEqual(["X-01", "X-02"])
  })
  it("a number that is given twice, and a file that is no law, are mistakes", async () => {
    await expect(inFolder({ "a.js": file("X-01"), "b.js": file("X-01") })).rejects.toThrow(
      "two laws bear the number X-01",
    )
    await expect(inFolder({ "a.js": "export default 1" })).rejects.toThrow("a.js: its default export is no law")
  })
  it("a new file in a kit's folder is on the page and in the report, and nothing else has to be changed", async () => {
    const root = mkdtempSync(join(tmpdir(), "waybill-kits-"))
    try {
      mkdirSync(join(root, "queue/laws"), { recursive: true })
      mkdirSync(join(root, "no-kit"))
      const text = `{ id: "QUEUE-98", statement: "Jobs wait.", violation: "by running.", level: 3, source: "§10", check: (n) => { throw new Error("ran " + n) } }`
      writeFileSync(join(root, "queue/laws/waits.js"), `export default ${text}`)
      const laws = await allLaws(pathToFileURL(`${root}/`))
      const page = lawsPage(laws)
      expect(page).toContain("## Queues")
      expect(page).toContain("### QUEUE-98\n\nJobs wait. (§10; level 3)\n\nBroken in practice by: by running.")
      const found = await findLaws<number>(pathToFileURL(`${root}/queue/laws/`))
      const report = formatReport(await Effect.runPromise(checkLaws("seven", found, Effect.succeed(7))))
      expect(report).toContain("FAIL  QUEUE-98  Jobs wait.\n        Error: ran 7")
    } finally {
      rmSync(root, { recursive: true, force: true })
    }
  })
  it("a law's number names its kind", async () => {
    expect([kindOf("STORE-01"), kindOf("JOBSPEC-201")]).toEqual(["STORE", "JOBSPEC"])
    expect(() => kindOf("OTHER-01")).toThrow(/"OTHER-01" is no law's number: want one of STORE, /u)
    expect((await allLaws()).length).toBeGreaterThanOrEqual((await storeLaws()).length)
  })
  it("the store kit's laws are numbered without a gap and each says what it promises and how it is broken", async () => {
    const laws = await storeLaws()
    expect(laws.map(({ id }) => id)).toEqual(laws.map((_, i) => `STORE-${String(i + 1).padStart(2, "0")}`))
    for (const { statement, violation } of laws) {
      expect(statement).toMatch(/^[A-Z].*[.…]$/u)
      expect(violation).toMatch(/^[a-z].*\.$/u)
    }
  })
})
