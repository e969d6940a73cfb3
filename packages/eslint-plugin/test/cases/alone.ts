import { type Case, missing, right, ts, wrong } from "./Case.ts"

/** What is left alone. */
export const alone: ReadonlyArray<Case> = [
  right("same name", `repo.fetch("u")`),
  right("same name", `new Map().get("k"); cache.request("k")`),
  right("same name", `const http = makeClient(); http.get("u")`),
  right("same name", `class A { fetch() {} run() { this.fetch() } }`),
  right("local fetch", `import { fetch } from "./mine.js"; fetch("u")`),
  right("local fetch", `function fetch(u) {} fetch("u")`),
  right("local fetch", `const load = (fetch) => fetch("u")`),
  right("local fetch", `const load = ({ fetch = globalThis.fetch }) => fetch("u")`),
  right("local fetch", `declare function fetch(u: string): void; fetch("u")`, ts),
  right("servers", `import http from "http"; http.createServer(f).listen(0)`),
  right("servers", `import net from "net"; net.createServer(f).listen(0)`),
  right("types", `import type { request } from "undici"; export type R = typeof request`, ts),
  right("types", `export const f = (load: typeof fetch): void => {}`, ts),
  right("text", `// fetch("u")\nexport const s = 'fetch("u")'`),
  right("as a value", `run({ fetch })`),
  right("as a value", `export const load = fetch`),
  right("as a value", `retry(fetch, 3)`),
  right("ignored files", `fetch("u")`, { options: { ignore: ["scripts/**"] }, path: "scripts/one.js" }),
  wrong("ignored files", `fetch("u")`, missing, { options: { ignore: ["scripts/**"] }, path: "src/scripts.js" }),
  right("circles", `const a = b; const b = a; a("u")`),
  right("circles", `const a = b.bind(null); const b = a.bind(null); a("u"); b.call(null)`),
  right("circles", `const a = b; const b = a; fetch.apply(null, a)`),
]
