/**
 * A real PostgreSQL for a test or a benchmark: made in a temporary folder with the machine's programs or those of an npm package, on a port of its own,
 * gone without a trace afterwards. Works for root too, which PostgreSQL itself refuses to run as.
 *
 * @module
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { chownSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { findPostgres, packagedPostgres } from "./findPostgres.ts"
import { unpackPrograms } from "./unpackPrograms.ts"

export interface PostgresServerOptions {
  /** Whether commits wait for the disk; off by default, since a test's server never loses power. */
  readonly fsync?: boolean
  /** How clients prove who they are: with the password by default; `trust` for tests that connect a thousand times. */
  readonly auth?: "scram-sha-256" | "trust"
  /** The folder of `initdb` and `postgres`; what {@link findPostgres} finds by default. */
  readonly programs?: string
  /** Has it encrypt, with this certificate; both are PEM texts. */
  readonly tls?: { readonly certificate: string; readonly key: string }
  /** Further settings, by name. */
  readonly settings?: Readonly<Record<string, string>>
}

/** How a server ends: `fast` cuts connections and shuts down in order; `immediate` stops as in a crash. */
export type Stopping = "fast" | "immediate"

export interface PostgresServer {
  readonly port: number
  readonly user: string
  readonly password: string
  /** With user and password; one database is there, `postgres`. */
  readonly url: string
  /** Starts it again after {@link PostgresServer.stop}, with what was durable. */
  readonly start: () => Promise<void>
  readonly stop: (how: Stopping) => Promise<void>
  /** Stops it and removes everything. */
  readonly close: () => Promise<void>
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  server.close()
  if (address === null || typeof address === "string") throw new Error("the system gave no port")
  return address.port
}

interface Account {
  readonly uid: number
  readonly gid: number
}

/** Whom the server runs as when we are root: `postgres` where there is one, else `nobody`. */
const accountForRoot = (): Account | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const lines = readFileSync("/etc/passwd", "utf8").split("\n")
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(":") ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  throw new Error("PostgreSQL does not run as root, and there is neither an account postgres nor nobody")
}

/** Kills the server when this process is gone, however it went: the pipe it reads closes with us. */
const watchOver = (pid: number, folder: string, account: Account | undefined): ChildProcess =>
  spawn("sh", ["-c", 'cat >/dev/null; kill -QUIT "$0" && sleep 1; rm -rf "$1"', String(pid), folder], {
    ...account,
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  })

/** Makes and starts a server. Rejects when this machine has no PostgreSQL: ask {@link findPostgres} before. */
export const startPostgres = async (options: PostgresServerOptions = {}): Promise<PostgresServer> => {
  const found = options.programs ?? findPostgres()
  if (found === undefined) throw new Error("PostgreSQL's programs initdb and postgres were not found")
  const account = accountForRoot()
  const folder = mkdtempSync(join(tmpdir(), "waybill-postgres-"))
  if (account !== undefined) chownSync(folder, account.uid, account.gid)
  const packaged = packagedPostgres()
  const isPackaged = packaged !== undefined && found === join(packaged, "bin")
  const programs = isPackaged ? unpackPrograms(packaged, join(folder, "programs")) : found
  const [data, passwordFile] = [join(folder, "data"), join(folder, "password")]
  const [user, password, port] = ["waybill", randomBytes(12).toString("base64url"), await freePort()]
  /** Only whom the server runs as may read it; a key that others may read is refused. */
  const writeSecret = (path: string, text: string): void => {
    writeFileSync(path, text, { mode: 0o600 })
    if (account !== undefined) chownSync(path, account.uid, account.gid)
  }
  writeSecret(passwordFile, password)
  const made = spawnSync(
    join(programs, "initdb"),
    [
      "-D",
      data,
      "-U",
      user,
      `--pwfile=${passwordFile}`,
      "-A",
      options.auth ?? "scram-sha-256",
      "-E",
      "UTF8",
      "--locale=C",
      "--no-sync",
    ],
    { ...account, cwd: folder, encoding: "utf8" },
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}${made.error?.message ?? ""}`)

  const { tls } = options
  const [certificateFile, keyFile] = [join(folder, "server.pem"), join(folder, "server.key")]
  if (tls !== undefined) {
    writeSecret(certificateFile, tls.certificate)
    writeSecret(keyFile, tls.key)
  }
  const settings: Readonly<Record<string, string>> = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    port: String(port),
    logging_collector: "off",
    ...(options.fsync === true ? {} : { fsync: "off", full_page_writes: "off" }),
    ...(tls === undefined ? {} : { ssl: "on", ssl_cert_file: certificateFile, ssl_key_file: keyFile }),
    ...options.settings,
  }
  const args = ["-D", data, ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`])]
  let running: { readonly server: ChildProcess; readonly watcher: ChildProcess } | undefined

  const start = async (): Promise<void> => {
    const server = spawn(join(programs, "postgres"), args, {
      ...account,
      cwd: folder,
      stdio: ["ignore", "ignore", "pipe"],
    })
    let said = ""
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject)
      server.once("exit", () => reject(new Error(`PostgreSQL did not start:\n${said}`)))
      server.stderr?.setEncoding("utf8").on("data", (text: string) => {
        said = `${said}${text}`.slice(-10_000)
        if (said.includes("ready to accept connections")) resolve()
      })
    })
    const watcher = watchOver(server.pid ?? 0, folder, account)
    watcher.unref()
    running = { server, watcher }
  }
  const stop = async (how: Stopping): Promise<void> => {
    if (running === undefined) return
    const { server, watcher } = running
    running = undefined
    watcher.kill("SIGKILL")
    const ended = once(server, "exit")
    server.kill(how === "fast" ? "SIGINT" : "SIGQUIT")
    await ended
  }
  const close = async (): Promise<void> => {
    await stop("immediate")
    rmSync(folder, { recursive: true, force: true })
  }

  await start().catch((error: unknown) => {
    rmSync(folder, { recursive: true, force: true })
    throw error
  })
  const url = `postgresql://${user}:${password}@127.0.0.1:${port}/postgres`
  return { port, user, password, url, start, stop, close }
}
