// Runs a program of this repository on the Node it is made for, from any Node >= 18.
//
//   node scripts/with-node.mjs [--install] PROGRAM [ARGUMENT...]
//
// PROGRAM is a file of the repository (`scripts/test.ts`) or the name of an installed tool (`tsc`). With --install,
// packages that are missing or do not match package-lock.json are installed first; without it, their absence is one
// line on stderr and exit code 1. Whatever this file has to say goes to stderr: stdout belongs to the program.
//
// This is plain JavaScript and spawns the binary itself, because the machine's own Node may be too old to read
// TypeScript, and because a shell remembers where it found `node` before the right one was installed.

import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs"
import { delimiter, dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const nodeMajor = 24
const root = dirname(dirname(fileURLToPath(import.meta.url)))
const bin = join(root, "node_modules", ".bin")

const fail = (line) => {
  process.stderr.write(`${line}\n`)
  process.exit(1)
}

const readJson = (file) => {
  try {
    return JSON.parse(readFileSync(join(root, file), "utf8"))
  } catch (error) {
    return fail(`${file} cannot be read: ${error.message.replaceAll("\n", " ")}`)
  }
}

/** What keeps node_modules from being what package-lock.json asks for, in a few words; undefined when it is. */
const whatIsMissing = () => {
  if (!existsSync(join(root, "node_modules", ".package-lock.json"))) return "node_modules is missing"
  const wanted = readJson("package-lock.json").packages
  const installed = readJson("node_modules/.package-lock.json").packages
  for (const [path, entry] of Object.entries(wanted)) {
    // The root, workspaces (present as links) and packages of other platforms have no copy of their own.
    if (!path.startsWith("node_modules/") || entry.optional === true) continue
    const found = installed[path]
    if (found === undefined || found.version !== entry.version || found.resolved !== entry.resolved) {
      return `node_modules does not match package-lock.json (${path.slice("node_modules/".length)})`
    }
    if (!existsSync(join(root, path))) return `node_modules is incomplete (${path.slice("node_modules/".length)})`
  }
  return existsSync(nodeInstalled()) ? undefined : "node_modules has no Node of its own"
}

const nodeInstalled = () => join(bin, process.platform === "win32" ? "node.exe" : "node")

const install = (reason) => {
  process.stderr.write(`${reason}: installing (npm ci)\n`)
  const npm = process.env.npm_execpath
  const [command, ...first] = npm === undefined ? ["npm"] : [process.execPath, npm]
  // Stated in full, because the caller's own settings (--silent, omit=dev, ignore-scripts) would otherwise apply.
  const settings = [
    "--loglevel=error",
    "--include=dev",
    "--include=optional",
    "--include=peer",
    "--ignore-scripts=false",
  ]
  const started = Date.now()
  const done = spawnSync(command, [...first, "ci", ...settings], { cwd: root, stdio: ["ignore", 2, 2] })
  if (done.status !== 0) fail(`npm ci failed${done.error ? ` (${done.error.message})` : ""}: nothing was run.`)
  process.stderr.write(`installed in ${((Date.now() - started) / 1000).toFixed(1)} s\n`)
}

const parameters = process.argv.slice(2)
const mayInstall = parameters[0] === "--install"
if (mayInstall) parameters.shift()
const [program, ...rest] = parameters
if (program === undefined) fail("usage: node scripts/with-node.mjs [--install] PROGRAM [ARGUMENT...]")

const isAlive = (pid) => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === "EPERM"
  }
}

/** Runs `work` while nobody else who uses this file installs here. Two `npm ci` at once leave half of each. */
const alone = (work) => {
  const lock = join(root, ".waybill", "install.lock")
  mkdirSync(dirname(lock), { recursive: true })
  for (let told = false; ;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" })
      break
    } catch (error) {
      if (error.code !== "EEXIST") return fail(`${lock} cannot be made: ${error.message}`)
    }
    let holder = ""
    try {
      holder = readFileSync(lock, "utf8")
    } catch {
      continue
    }
    // An empty file was made a moment ago by somebody who has not written to it yet.
    if (holder !== "" && !isAlive(Number(holder))) {
      rmSync(lock, { force: true })
      continue
    }
    if (!told) process.stderr.write(`another process (${holder}) installs here: waiting for it\n`)
    told = true
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
  }
  try {
    return work()
  } finally {
    rmSync(lock, { force: true })
  }
}

const missing = whatIsMissing()
if (missing !== undefined) {
  if (!mayInstall) fail(`${missing}: run "npm ci" first ("npm test" and "npm run quickstart" install by themselves).`)
  const still = alone(() => {
    const reason = whatIsMissing()
    if (reason === undefined) return undefined
    install(reason)
    return whatIsMissing()
  })
  if (still !== undefined) fail(`npm ci succeeded, but ${still}: run "npm ci" by hand and read its warnings.`)
}

const isFile = /\.(ts|mjs)$/.test(program)
const file = isFile ? join(root, program) : join(bin, program)
if (!existsSync(file)) {
  fail(isFile ? `There is no ${program} in this repository.` : `No tool "${program}" is installed.`)
}

const node = nodeInstalled()
const asked = spawnSync(node, ["--version"], { encoding: "utf8" })
if (asked.error !== undefined) fail(`${node} could not be started: ${asked.error.message}`)
const version = asked.stdout ?? ""
if (!(Number.parseInt(version.slice(1), 10) >= nodeMajor)) {
  fail(`Node ${nodeMajor} or newer is needed, node_modules holds ${version.trim() || "none that runs"}: run "npm ci".`)
}

const child = spawn(node, [...(isFile ? ["--conditions=@waybill/source"] : []), realpathSync(file), ...rest], {
  stdio: "inherit",
  env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` },
})

// A terminal sends Ctrl-C to the whole process group: the child has it already, and a second one would mean "at once".
const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"]
const forward = (signal) => {
  if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal)
}
for (const signal of signals) process.on(signal, forward)

child.on("error", (error) => fail(`${node} could not be started: ${error.message}`))
child.on("exit", (code, signal) => {
  for (const name of signals) process.removeListener(name, forward)
  if (signal === null) process.exit(code ?? 1)
  process.kill(process.pid, signal)
})
