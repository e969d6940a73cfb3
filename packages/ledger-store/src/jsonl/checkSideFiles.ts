/**
 * The small files beside the ledger: the mark of the format, the saved index, checkpoints. Each bears its checksum.
 *
 * @module
 */
import type { Directory, FileError } from "@waybill/host"
import { Effect } from "effect"
import { hash } from "node:crypto"
import { isChecked } from "./checkedFile.ts"
import { checkpoints_name } from "./checkpoints.ts"
import { oddities } from "./derived.ts"
import type { Flaw } from "./Flaw.ts"
import { readFormat } from "./format.ts"
import { index_name } from "./IndexFile.ts"
import { format_name, seals_name } from "./Layout.ts"
import { readExactly } from "./readExactly.ts"
import { unlessMissing } from "./unlessMissing.ts"
import { unlessOdd } from "./unlessOdd.ts"

const digestOf = (directory: Directory, folderName: string, name: string) =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = yield* directory.openDirectory(folderName)
      const file = yield* folder.openFile(name, { access: "read" })
      return hash("sha256", yield* readExactly(file, 0, (yield* file.info).bytes), "hex")
    }),
  ).pipe(
    unlessOdd,
    Effect.map((digest) => digest ?? ""),
  )

export const checkSideFiles = (directory: Directory, add: (flaw: Flaw) => void): Effect.Effect<void, FileError> =>
  Effect.gen(function* () {
    if ((yield* readFormat(directory)) === "damaged")
      add({
        file: `${seals_name}/${format_name}`,
        error: "has changed",
        digest: yield* digestOf(directory, seals_name, format_name),
      })
    const odd = yield* oddities(directory)
    for (const each of odd) add({ ...each, digest: "" })
    for (const folder of [index_name, checkpoints_name]) {
      const names = yield* unlessOdd(
        unlessMissing(Effect.scoped(Effect.flatMap(directory.openDirectory(folder), (opened) => opened.list))),
      )
      const isSound = (name: string) => odd.every(({ file }) => file !== `${folder}/${name}`)
      for (const name of (names ?? []).filter((each) => each.endsWith(".json") && isSound(each)))
        if (!(yield* isChecked(directory, folder, name)))
          add({
            file: `${folder}/${name}`,
            error: "has changed; it is passed over, and made anew with time",
            digest: yield* digestOf(directory, folder, name),
          })
    }
  })
