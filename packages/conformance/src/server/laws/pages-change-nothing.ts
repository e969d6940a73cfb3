import { refused } from "../Desk.ts"
import { serverLaw } from "../serverLaw.ts"

export default serverLaw({
  id: "JOBSPEC-019",
  level: 0,
  source: "JobSpec v0 §6.2",
  statement:
    "A request that a page on another site makes changes nothing: an Origin, or Sec-Fetch-Site: cross-site, is refused with 403 even with the token.",
  violation: "a page that somebody reads submits jobs to the daemon on the reader's machine.",
  needs: ["mutates"],
  check: async (desk) => {
    const ask = (headers: Readonly<Record<string, string>>) => desk.post("/v1/jobs", {}, { headers })
    for (const origin of ["http://elsewhere.example", "null", desk.target.url])
      refused(
        `Origin: ${origin}`,
        await ask({ Origin: origin }),
        403,
        "daemon mutation denied: browser origin is not trusted",
      )
    for (const site of ["cross-site", "Cross-Site"])
      refused(
        `Sec-Fetch-Site: ${site}`,
        await ask({ "Sec-Fetch-Site": site }),
        403,
        "daemon mutation denied: browser fetch site is not trusted",
      )
    refused("Sec-Fetch-Site: none", await ask({ "Sec-Fetch-Site": "none" }), 400)
  },
})
