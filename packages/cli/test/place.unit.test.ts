import { mkdirSync, mkdtempSync, realpathSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import { commandLine, placeOf } from "../src/Place.ts"
import { redacted } from "../src/settling/Redaction.ts"

const folder = () => realpathSync(mkdtempSync(join(tmpdir(), "waybill-place-")))

it("the root is the nearest folder upwards that has a ledger", () => {
  const root = folder()
  const deep = join(root, "a", "b")
  mkdirSync(deep, { recursive: true })
  mkdirSync(join(root, ".agents", "daemon"), { recursive: true })
  expect(placeOf({}, {}, deep).root).toBe(root)
  mkdirSync(join(root, "a", ".agents", "daemon"), { recursive: true })
  expect(placeOf({}, {}, deep).root).toBe(join(root, "a"))
})

it("where there is none it is the current folder, and --root chooses another", () => {
  const cwd = folder()
  expect(placeOf({}, {}, cwd).root).toBe(cwd)
  expect(placeOf({ root: "x" }, {}, cwd).root).toBe(join(cwd, "x"))
})

it("--ledger goes before WAYBILL_LEDGER, and an empty one is none", () => {
  const env = { WAYBILL_LEDGER: "postgres://a/b" }
  expect(placeOf({ ledger: "postgres://c/d" }, env, "/").url).toBe("postgres://c/d")
  expect(placeOf({}, env, "/").url).toBe("postgres://a/b")
  expect(placeOf({}, { WAYBILL_LEDGER: "" }, "/").url).toBeUndefined()
})

it("the next command to type can be pasted, and names no password", () => {
  const place = placeOf({ root: "/tmp/it's here", ledger: "postgres://me:secret@host/db" }, {}, "/")
  expect(commandLine(place, "explain", "a b")).toBe(`waybill explain 'a b' --root '/tmp/it'\\''s here'`)
})

it.each([
  ["value of a secret variable", "it is hunter2hunter2!", { DB_PASSWORD: "hunter2hunter2" }],
  ["a forge's token", "ghp_0123456789abcdefghijABCDEFGHIJ", {}],
  ["a bearer's token", "Authorization: Bearer abcdef.ghijkl-mnop", {}],
  ["a password in an address", "postgres://me:hunter2@db/x", {}],
  ["a private key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", {}],
])("what was printed is shown without the %s", (_, text, env) => {
  const shown = redacted(text, env)
  expect(shown).toContain("[redacted]")
  expect(shown).not.toMatch(/hunter2|0123456789abc|ghijkl|MIIE/u)
})

it("ordinary text stays as it is", () => {
  const text = "3 checks passed at https://example.org/a:b in 5 ms; monkey=banana"
  expect(redacted(text, { LANG: "C", PATH: "/bin" })).toBe(text)
})
