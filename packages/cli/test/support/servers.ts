/** Servers for the tests of clients, ours and hostile ones, and calls that ask them. */
import { invoke } from "@waybill/command"
import { JobSpec } from "@waybill/jobspec"
import { refuseCron } from "@waybill/jobspec-server"
import { Effect } from "effect"
import { mkdtempSync, writeFileSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { startServer, type TestServer, token } from "../../../jobspec-server/test/support/server.ts"
import { waybill } from "../../src/index.ts"

export interface Answered {
  readonly exit_code: number
  readonly code: string | undefined
  readonly error: NonNullable<Awaited<ReturnType<typeof invoke>>["envelope"]>["error"] | undefined
  readonly data: Readonly<Record<string, unknown>>
  readonly stdout: string
}

/** Calls the program with an environment of the test's own. */
export const callWith =
  (env: Readonly<Record<string, string>>) =>
  async (...words: ReadonlyArray<string>): Promise<Answered> => {
    const { envelope, exit_code, stdout } = await invoke(waybill, words, { env })
    const data = (envelope?.data ?? {}) as Readonly<Record<string, unknown>>
    return { exit_code, code: envelope?.error?.code, error: envelope?.error, data, stdout }
  }

export const makeFolder = () => mkdtempSync(join(tmpdir(), "waybill-client-"))

/** A file with the token that the test servers take. */
export const tokenFile = (text: string = token): string => {
  const file = join(makeFolder(), "token")
  writeFileSync(file, `${text}\n`, { mode: 0o600 })
  return file
}

export const envOf = ({ url }: { readonly url: string }, file: string = tokenFile()) => ({
  WAYBILL_SERVER: url,
  WAYBILL_TOKEN_FILE: file,
})

/** Runs a test with a server of ours, which takes jobs of the type `report.build`. */
export const withOurs = (body: (server: TestServer) => Promise<void>) => (): Promise<void> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const jobspec = JobSpec.make({ jobTypes: [{ name: "report.build" }], refuseCron })
        const server = yield* startServer({ jobspec })
        yield* Effect.promise(() => body(server))
      }),
    ),
  )

/** An address where nobody listens any more. */
export const deserted = async (): Promise<string> => {
  let url = ""
  await withListener(
    () => undefined,
    async (server) => {
      url = server.url
    },
  )
  return url
}

/** Runs a test with a server that answers as the test wants. */
export const withListener = async (
  listener: RequestListener,
  body: (server: { readonly url: string }) => Promise<void>,
): Promise<void> => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  try {
    await body({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => {
      server.close(resolve)
    })
  }
}
