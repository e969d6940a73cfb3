import { existsSync, globSync } from "node:fs"
import { defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"

/** Every package, example and the repository itself is one project; its tests lie in `test/`. */
const rooms = globSync(["packages/*", "packages/carriers/*", "examples/*"]).filter(
  (room) => existsSync(`${room}/package.json`) && existsSync(`${room}/test`),
)

const long = ["test/**/*.long.test.ts"]

/** `--mode long` runs the tests that take minutes, and only those. */
export default defineConfig(({ mode }) => {
  const project = (name: string, root: string) => ({
    extends: true as const,
    test: {
      name,
      root,
      ...(mode === "long" ? { include: long } : { include: ["test/**/*.test.ts"], exclude: long }),
    },
  })
  return {
    ssr: { resolve: { conditions: ["@waybill/source", ...defaultServerConditions] } },
    test: {
      projects: [
        ...rooms.map((room) => project(room.replace(/^packages\/(carriers\/)?/, ""), room)),
        project("house", "."),
      ],
      testTimeout: mode === "long" ? 3_600_000 : 30_000,
      coverage: { provider: "v8", include: ["packages/**/src/**/*.ts"] },
    },
  }
})
