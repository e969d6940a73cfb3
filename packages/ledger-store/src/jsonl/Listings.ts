/**
 * The names in a ledger's folders, which grow with its past: they are listed again only where the folder has changed.
 *
 * @module
 */
import type { FileInfo } from "@waybill/host"
import { Clock, Effect } from "effect"
import { hasSettled } from "./settled.ts"

const traits = ["device", "inode", "changed_ns"] as const

/** Answers what was made of a folder's names, as long as the folder is as it was. */
export class Listings {
  readonly #known = new Map<string, { readonly folder: FileInfo; readonly found: unknown }>()

  /** `make` looks into the folder that was seen as `folder` under `name`; the same name always makes the same kind of answer. */
  of<A, E>(name: string, folder: FileInfo, make: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      const known = this.#known.get(name)
      if (known !== undefined && traits.every((trait) => known.folder[trait] === folder[trait]))
        return Effect.succeed(known.found as A)
      this.#known.delete(name)
      return Effect.flatMap(Clock.currentTimeMillis, (now_ms) =>
        Effect.tap(make, (found) =>
          Effect.sync(() => {
            if (hasSettled(folder, now_ms)) this.#known.set(name, { folder, found })
          }),
        ),
      )
    })
  }
}
