/**
 * The options of `network-call-needs-timeout`.
 *
 * @module
 */

/** A call of the user's own that waits for the network. */
export interface AdditionalSink {
  readonly module: string
  /** What the module exports: `call`, `Client.send`, or `default`. */
  readonly export: string
  /** The options of which one bounds it; `signal` is read as an abort signal, any other as a number. */
  readonly accepts: ReadonlyArray<string>
}

export interface Options {
  readonly additionalSinks: ReadonlyArray<AdditionalSink>
  /** Modules whose own default limits are good enough. */
  readonly allowLibraryDefaults: ReadonlyArray<string>
  /** Globs of files that are left alone, matched against the end of the path. */
  readonly ignore: ReadonlyArray<string>
  /** Also report limits that cannot be seen where the call is. */
  readonly strict: boolean
}

const texts = { type: "array", items: { type: "string", minLength: 1 }, uniqueItems: true }

/** The JSON Schema that linters check the options with. */
export const optionsSchema = {
  type: "object",
  additionalProperties: false,
  properties: {
    additionalSinks: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["module", "export", "accepts"],
        properties: {
          module: { type: "string", minLength: 1 },
          export: { type: "string", minLength: 1 },
          accepts: { ...texts, minItems: 1 },
        },
      },
    },
    allowLibraryDefaults: texts,
    ignore: texts,
    strict: { type: "boolean" },
  },
}

/** The options as the linter hands them out, already checked against {@link optionsSchema}. */
export const readOptions = (given: ReadonlyArray<unknown>): Options => {
  const options = (given[0] ?? {}) as Partial<Options>
  return {
    additionalSinks: options.additionalSinks ?? [],
    allowLibraryDefaults: options.allowLibraryDefaults ?? [],
    ignore: options.ignore ?? [],
    strict: options.strict ?? false,
  }
}
