import { type Directory, Files, layerNodeFiles } from "@waybill/host"
import { Effect, type Scope } from "effect"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"
import { readChecked, writeChecked } from "../src/jsonl/checkedFile.ts"

const base = mkdtempSync(join(tmpdir(), "waybill-checked-"))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const inside = <A, E>(use: (directory: Directory) => Effect.Effect<A, E, Scope.Scope>) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const files = yield* Files
      return yield* Effect.flatMap(files.openDirectory(base), use)
    }).pipe(Effect.scoped, Effect.provide(layerNodeFiles)),
  )

it("what was written is read; what was changed since, by any bit, is not there", () =>
  inside((directory) =>
    Effect.gen(function* () {
      const value = { text: "ä€😀\u2028", list: [1, null] }
      yield* writeChecked(directory, "kept", "a.json", value)
      expect(yield* readChecked(directory, "kept", "a.json")).toEqual(value)
      const path = join(base, "kept", "a.json")
      const bytes = readFileSync(path)
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        writeFileSync(path, changed)
        expect([bit, yield* readChecked(directory, "kept", "a.json")]).toEqual([bit, undefined])
      }
    }),
  ))

it("what is too long for one text is refused, and what stood there stays", () =>
  inside((directory) =>
    Effect.gen(function* () {
      yield* writeChecked(directory, "long", "a.json", 1)
      const tooLong = {
        toJSON: () => {
          throw new RangeError("Invalid string length")
        },
      }
      const refusal = yield* Effect.flip(writeChecked(directory, "long", "a.json", tooLong))
      expect(refusal.message).toContain("the file is too large")
      expect(readdirSync(join(base, "long"))).toEqual(["a.json"])
      expect(yield* readChecked(directory, "long", "a.json")).toBe(1)
    }),
  ))
