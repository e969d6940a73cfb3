/** The parts of package-lock.json that decide which platform packages it must name. */
export interface Lock {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly version?: string
        readonly license?: string
        readonly dev?: boolean
        readonly peer?: boolean
        readonly optional?: boolean
        readonly os?: ReadonlyArray<string>
        readonly cpu?: ReadonlyArray<string>
        readonly libc?: ReadonlyArray<string>
        readonly optionalDependencies?: Readonly<Record<string, string>>
      }
    >
  >
}

/** The optional dependencies that have no entry, and the package (`of`, its lock path) that asks for each. */
export declare const missingFrom: (
  lock: Lock,
) => ReadonlyArray<{ readonly name: string; readonly version: string; readonly of: string }>

/** The lock with an entry for each of them; throws when a package's name does not tell its platform. */
export declare const complete: (lock: Lock) => Lock
