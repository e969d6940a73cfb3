// Writes into package-lock.json the optional platform packages that npm left out.
//
// npm omits an optional package from the lock file when the registry in use does not answer for it (a partial mirror),
// and `npm ci` then refuses that same lock file on every platform. The version of such a package is fixed by the
// package that asks for it, and its name says where it runs, so the entry can be written without the registry.
//
//   npm install --package-lock-only && node scripts/complete-lock.mjs
//   node scripts/complete-lock.mjs --check        names what is missing, exit 1

import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"]
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"]
const libraries = { gnu: "glibc", gnueabihf: "glibc", musl: "musl", musleabihf: "musl" }

/** Where a platform package runs, read from its name: `@oxfmt/binding-linux-x64-musl` → linux, x64, musl. */
const platformOf = (name) => {
  const words = name.split(/[/-]/)
  const os = systems.find((system) => words.includes(system))
  const cpu = processors.find((processor) => words.includes(processor))
  const libc = words.map((word) => libraries[word]).find((library) => library !== undefined)
  return os === undefined || cpu === undefined ? undefined : { os, cpu, libc: os === "linux" ? libc : undefined }
}

/** Finds the lock entry that `require(name)` inside the package at `path` would reach, as Node does: nearest first. */
const reaches = (packages, path, name) => {
  for (let at = path; ; at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))) {
    if (packages[`${at === "" ? "" : `${at}/`}node_modules/${name}`] !== undefined) return true
    if (!at.includes("node_modules/")) return false
    if (at.lastIndexOf("/node_modules/") < 0) return packages[`node_modules/${name}`] !== undefined
  }
}

/** @returns {Array<{ name: string, version: string, of: string }>} the optional dependencies that have no lock entry */
export const missingFrom = (lock) =>
  Object.entries(lock.packages).flatMap(([path, entry]) =>
    Object.entries(entry.optionalDependencies ?? {})
      .filter(([name]) => !reaches(lock.packages, path, name))
      .map(([name, version]) => ({ name, version, of: path })),
  )

/** The lock with an entry for every missing platform package; throws when a name does not tell its platform. */
export const complete = (lock) => {
  const added = missingFrom(lock).map(({ name, of, version }) => {
    const platform = platformOf(name)
    if (platform === undefined || !/^\d+\.\d+\.\d+[-+.\w]*$/.test(version)) {
      throw new Error(`${name}@${version}, optional in ${of}: its name and version do not tell what to write.`)
    }
    const parent = lock.packages[of]
    const entry = {
      version,
      cpu: [platform.cpu],
      ...(parent.dev === true ? { dev: true } : {}),
      ...(platform.libc === undefined ? {} : { libc: [platform.libc] }),
      ...(parent.license === undefined ? {} : { license: parent.license }),
      optional: true,
      os: [platform.os],
      ...(parent.peer === true ? { peer: true } : {}),
    }
    return [`node_modules/${name}`, entry]
  })
  const packages = Object.entries({ ...lock.packages, ...Object.fromEntries(added) })
  packages.sort(([a], [b]) => a.localeCompare(b, "en"))
  return { ...lock, packages: Object.fromEntries(packages) }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL("../package-lock.json", import.meta.url)
  const lock = JSON.parse(readFileSync(file, "utf8"))
  const missing = missingFrom(lock)
  if (process.argv.includes("--check")) {
    for (const { name, of, version } of missing) {
      console.error(`package-lock.json lacks ${name}@${version} (optional in ${of})`)
    }
    process.exitCode = missing.length === 0 ? 0 : 1
  } else {
    writeFileSync(file, `${JSON.stringify(complete(lock), null, 2)}\n`)
    console.error(`package-lock.json: ${missing.length} platform packages added`)
  }
}
