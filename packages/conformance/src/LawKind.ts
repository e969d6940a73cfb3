/**
 * What laws are about, and the levels that a JobSpec server may claim.
 *
 * @module
 */

/** A law's kind is the first word of its number: `QUEUE-07` is about the queue. In the order in which they are shown. */
export const law_kinds = {
  STORE: { title: "Stores", about: "What every place that keeps a ledger promises." },
  CARRIER: { title: "Carriers", about: "What a vocabulary and its deciders promise, whatever they are about." },
  LEDGER: { title: "Ledgers of servers", about: "What survives a kill, a torn write and a damaged record." },
  QUEUE: { title: "Queues", about: "What a lease, an attempt and an end are, whoever asks at the same time." },
  SETTLEMENT: { title: "Settlements", about: "When a result may be delivered." },
  PROJECTION: { title: "Projections", about: "What is folded is what was recorded." },
  HONESTY: { title: "Honesty", about: "What is degraded is said, and nothing is said that is not so." },
  JOBSPEC: { title: "JobSpec v0 over HTTP", about: "The contract's statements, one by one." },
} as const

export type LawKind = keyof typeof law_kinds

const isKind = (text: string): text is LawKind => Object.hasOwn(law_kinds, text)

/** The kind that a law's number names. Throws when it names none. */
export const kindOf = (id: string): LawKind => {
  const kind = /^([A-Z]+)-\d{2,3}$/u.exec(id)?.[1] ?? ""
  if (!isKind(kind))
    throw new Error(`"${id}" is no law's number: want one of ${Object.keys(law_kinds).join(", ")}, "-" and digits`)
  return kind
}

/** How much of JobSpec v0 a server does (§16.2). Level 0 is ours: what holds for every route, whatever it is for. */
export const levels = {
  0: { name: "Speak", about: "Requests are read and answered in the contract's form." },
  1: { name: "Observe", about: "Health, readiness, status and the ledger are told honestly." },
  2: {
    name: "Enqueue",
    about: "Jobs are taken in by whoever may, once, and kept; that they are kept is seen where restarts are.",
  },
  3: { name: "Execute", about: "Jobs are claimed, held, ended and called off." },
  4: { name: "Project", about: "Consumers are served from the same projections." },
} as const

export type Level = keyof typeof levels

export const all_levels: ReadonlyArray<Level> = [0, 1, 2, 3, 4]
