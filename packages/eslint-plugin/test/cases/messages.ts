import { type Case, missing, right, strict, wrong } from "./Case.ts"

/** What each message is said about, and what the options change. */
export const messages: ReadonlyArray<Case> = [
  wrong("missingTimeout", `fetch("u", { headers: { timeout: "5" } })`, missing),
  wrong("infiniteTimeout", `fetch("u", { signal: undefined })`, "infiniteTimeout"),
  wrong("infiniteTimeout", `fetch("u", { signal: null })`, "infiniteTimeout"),
  wrong("infiniteTimeout", `fetch("u", { signal: AbortSignal.timeout(Infinity) })`, "infiniteTimeout"),
  wrong("infiniteTimeout", `import axios from "axios"; axios.get("u", { timeout: 0 })`, "infiniteTimeout"),
  wrong("infiniteTimeout", `import ky from "ky"; ky("u", { timeout: false })`, "infiniteTimeout"),
  wrong(
    "infiniteTimeout",
    `import axios from "axios"; const none = Infinity; axios.get("u", { timeout: none })`,
    "infiniteTimeout",
  ),
  wrong("zeroAborts", `fetch("u", { signal: AbortSignal.timeout(0) })`, "zeroAborts"),
  wrong("zeroAborts", `const zero = 0; fetch("u", { signal: AbortSignal.timeout(zero) })`, "zeroAborts"),
  wrong("timeoutOverflow", `fetch("u", { signal: AbortSignal.timeout(2147483648) })`, "timeoutOverflow"),
  wrong(
    "timeoutOverflow",
    `import axios from "axios"; axios.get("u", { timeout: 30 * 24 * 3600 * 1000 })`,
    "timeoutOverflow",
  ),
  wrong("idleOnly", `import http from "http"; http.get("u", { timeout: 5 })`, "idleOnly"),
  wrong(
    "idleOnly",
    `import http from "http"; const r = http.get("u", { timeout: 5 }); r.on("timeout", () => log("slow"))`,
    "idleOnly",
  ),
  wrong("idleOnly", `import net from "net"; net.connect(80).setTimeout(500)`, "idleOnly"),
  wrong("raceDoesNotCancel", `await Promise.race([fetch("u"), sleep(500)])`, "raceDoesNotCancel"),
  wrong("raceDoesNotCancel", `Promise.race([fetch("u").then((r) => r.text()), sleep(500)])`, "raceDoesNotCancel"),
  wrong(
    "raceDoesNotCancel",
    `import pTimeout from "p-timeout"; pTimeout(fetch("u"), { milliseconds: 500 })`,
    "raceDoesNotCancel",
  ),
  right("raceDoesNotCancel", `Promise.race([fetch("u", { signal: AbortSignal.timeout(5) }), other])`),
  wrong("signalNotBounded", `const c = new AbortController(); fetch("u", { signal: c.signal })`, "signalNotBounded"),
  wrong(
    "signalNotBounded",
    `const c = new AbortController(); button.onclick = () => c.abort(); fetch("u", { signal: c.signal })`,
    "signalNotBounded",
  ),
  wrong("signalNotBounded", `const { signal } = new AbortController(); fetch("u", { signal })`, "signalNotBounded"),

  wrong("library defaults", `import ky from "ky"; ky("u")`, missing),
  right("library defaults", `import ky from "ky"; ky("u")`, { options: { allowLibraryDefaults: ["ky"] } }),
  wrong("library defaults", `import ky from "ky"; ky("u", { timeout: false })`, "infiniteTimeout", {
    options: { allowLibraryDefaults: ["ky"] },
  }),

  right("unseen options", `fetch("u", options)`),
  right("unseen options", `fetch("u", { ...options })`),
  right("unseen options", `fetch(...args)`),
  wrong("unseen options", `fetch("u", options)`, missing, strict),
  wrong("unseen options", `fetch("u", { ...options })`, missing, strict),
  wrong("unseen options", `fetch(...args)`, missing, strict),
  wrong("unseen options", `const options = { method: "GET" }; fetch("u", options)`, missing),

  wrong("weakest branch", `fetch("u", slow ? { signal: AbortSignal.timeout(5) } : {})`, missing),
  wrong("weakest branch", `fetch("u", { signal: slow ? AbortSignal.timeout(5) : undefined })`, "infiniteTimeout"),
  right("weakest branch", `fetch("u", { signal: slow ? AbortSignal.timeout(5) : AbortSignal.timeout(1) })`),
  right("weakest branch", `const load = (signal) => fetch("u", { signal: signal ?? AbortSignal.timeout(5) })`),
]
