import { existsSync, globSync } from "node:fs"
import { defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"

/** Every package, example and the repository itself is one project; its tests lie in `test/`. */
const rooms = globSync(["packages/*", "packages/carriers/*", "examples/*"]).filter(
  (room) => existsSync(`${room}/package.json`) && existsSync(`${room}/test`),
)

const project = (name: string, root: string) => ({
  extends: true as const,
  test: { name, root, include: ["test/**/*.test.ts"], exclude: ["test/**/*.long.test.ts"] },
})

export default defineConfig({
  ssr: { resolve: { conditions: ["@waybill/source", ...defaultServerConditions] } },
  test: {
    projects: [
      ...rooms.map((room) => project(room.replace(/^packages\/(carriers\/)?/, ""), room)),
      project("house", "."),
    ],
    testTimeout: 30_000,
    coverage: { provider: "v8", include: ["packages/**/src/**/*.ts"] },
  },
})
