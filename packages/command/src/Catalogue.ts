/**
 * Every command of a program by its dotted path: the author's, the built-in ones, and those that async commands bring.
 *
 * @module
 */
import { dottedPath } from "@waybill/command-contract"
import type { Application } from "./Application.ts"
import { builtIns } from "./BuiltIns.ts"
import { type Declared, type Registered, register } from "./Registered.ts"

export interface Catalogue {
  readonly commands: ReadonlyMap<string, Registered>
  /** Dotted path or alias → dotted path. */
  readonly names: ReadonlyMap<string, string>
}

/** Builds the catalogue. The registrations must have been checked, or be looked at for help only. */
export const catalogue = (app: Application): Catalogue => {
  const declared = app.commands.map((each) => each.declaration as unknown)
  const own = declared.filter((each): each is Declared => typeof each === "object" && each !== null && "name" in each)
  const made = builtIns(app, own, () => commands)
  const paths = [...own, ...made.map(({ declaration }) => declaration)].map(({ name }) => dottedPath(name))
  const commands = new Map<string, Registered>()
  const names = new Map<string, string>()
  const add = (registered: Registered) => {
    const { aliases = [], path } = registered.published
    commands.set(path, registered)
    for (const name of [path, ...aliases.map(dottedPath)]) names.set(name, path)
  }
  for (const { declaration, exit_codes } of made) add(register(app, declaration, paths, { exit_codes }))
  for (const each of own) add(register(app, each, paths))
  return { commands, names }
}
