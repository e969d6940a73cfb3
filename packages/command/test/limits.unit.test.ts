import { describe, expect, it } from "vitest"
import { application, command, invoke } from "../src/index.ts"

const SUCCESS = { description: "Done", retryable: false, side_effects: "none" } as const
const object = { type: "object" } as const

describe("limits", () => {
  const SLOW = { description: "Too slow", retryable: true, side_effects: "none" } as const
  const web = application({
    name: "web",
    version: "1.0.0",
    default_timeout_ms: 90_000,
    commands: [
      ...["get", "put"].map((name) =>
        command({
          name,
          description: "Uses the network.",
          danger_level: "safe",
          has_network_io: true,
          ...(name === "put" ? { timeout_ms: 1_500 } : {}),
          exit_codes: { SUCCESS, TIMEOUT: SLOW },
          output_schema: object,
          execute: async (args, ctx) => ({
            args,
            total: ctx.timeouts.totalMs ?? null,
            connect: ctx.timeouts.connectMs ?? null,
          }),
        }),
      ),
      command({
        name: "think",
        description: "Thinks.",
        danger_level: "safe",
        exit_codes: { SUCCESS },
        output_schema: object,
        execute: async () => ({}),
      }),
    ],
  })
  it("every network command has both flags, with the limits in force as their defaults; no other command has them", async () => {
    const flags = async (name: string) => {
      const shown: { readonly flags: Record<string, { readonly default?: unknown }> } = JSON.parse(
        (await invoke(web, [name, "--schema"])).stdout,
      )
      return [shown.flags["timeout"]?.default, shown.flags["connect-timeout"]?.default]
    }
    expect([await flags("get"), await flags("put"), await flags("think")]).toEqual([
      ["90s", "10s"],
      ["1500ms", "10s"],
      [undefined, undefined],
    ])
    expect((await invoke(web, ["think", "--timeout", "1s"])).exit_code).toBe(2)
  })
  it("the flag wins over the command, the command over the program; 0 is no limit and reaches nobody as a number", async () => {
    const answer = async (...words: ReadonlyArray<string>) => (await invoke(web, words)).envelope
    expect(await answer("get")).toMatchObject({
      data: { args: { timeout: 90_000, connect_timeout: 10_000 }, total: 90_000 },
      meta: { timeout_ms: 90_000 },
    })
    expect(await answer("put")).toMatchObject({ data: { total: 1_500 } })
    expect(await answer("put", "--timeout", "2s", "--connect-timeout", "1s")).toMatchObject({
      data: { total: 2_000, connect: 1_000 },
    })
    const endless = await answer("put", "--timeout", "0", "--connect-timeout", "0")
    expect(endless).toMatchObject({ data: { args: {}, total: null, connect: null }, meta: { timeout_ms: 0 } })
  })
})
