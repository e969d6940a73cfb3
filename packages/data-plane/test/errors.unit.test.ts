/** What each error tells whoever reads it, and the failure that ends an attempt because of it. */
import { FileError } from "@waybill/host"
import { failures } from "@waybill/workspace-job"
import { describe, expect, it } from "vitest"
import {
  Aborted,
  ArtifactMissing,
  ArtifactTooLarge,
  BytesDiffer,
  CandidateMissing,
  CopyTouched,
  type DataPlaneError,
  DeadlineExceeded,
  DeadlineRefused,
  DestinationRefused,
  failureOf,
  type Hop,
  IllFormedText,
  NotBytes,
  ofRun,
  PathRefused,
  StorageFailed,
} from "../src/index.ts"

const expected = { sha256: "sha256:aa", bytes: 3 }
const actual = { sha256: "sha256:bb", bytes: 4 }
const sealed = { artifactRef: "artifact:run:1:a", sha256: "sha256:aa", at: "/data/sealed/aa" }
const cause = new FileError({ operation: "write", path: "/data/x", code: "ENOSPC" })
const remedy = "nothing was released. Put a copy with that digest back in its place, or settle the work as a new run"

describe("an error says where, what, and what to do", () => {
  const said: ReadonlyArray<readonly [DataPlaneError, string]> = [
    [
      new PathRefused({ hop: "seed", path: "../x", reason: "it leaves" }),
      'seed: the path "../x" is refused: it leaves',
    ],
    [new CandidateMissing({ path: "a b" }), 'there is no candidate at "a b"'],
    [new ArtifactTooLarge({ bytes_max: 10 }), "the artifact is larger than 10 bytes"],
    [new IllFormedText({ at: 7 }), "the built text has a lone surrogate at index 7"],
    [new NotBytes({ at: 8 }), "the builder's bytes from offset 8 on are no Uint8Array, or their memory is detached"],
    [
      new DestinationRefused({ path: "/x", reason: "is a folder" }),
      'deliver: the destination "/x" is refused: it is a folder',
    ],
    [new BytesDiffer({ hop: "write", expected, actual }), "write: expected 3 bytes sha256:aa, found 4 bytes sha256:bb"],
    [
      new BytesDiffer({ hop: "write", expected, actual: { bytes: 4 } }),
      "write: expected 3 bytes sha256:aa, found 4 bytes ",
    ],
    [
      new BytesDiffer({ hop: "deliver", expected, actual, sealed }),
      `deliver: the sealed artifact artifact:run:1:a (sha256:aa, kept at /data/sealed/aa) has changed since it was verified: expected 3 bytes, found 4 bytes sha256:bb; ${remedy}`,
    ],
    [
      new BytesDiffer({ hop: "deliver", expected, actual: { bytes: 4 }, sealed: { ...sealed, runId: "my run" } }),
      `deliver: the sealed artifact artifact:run:1:a of the run "my run" (sha256:aa, kept at /data/sealed/aa) has changed since it was verified: expected 3 bytes, found 4 bytes ; ${remedy}`,
    ],
    [
      new BytesDiffer({ hop: "deliver", expected, actual, meddledWith: "/out/a" }),
      "deliver: the file for /out/a was changed or exchanged by somebody else after it was read back (expected 3 bytes sha256:aa); it is not delivered. Deliver again, into a folder that nobody else can write to",
    ],
    [
      new CopyTouched({ path: "out/a" }),
      'verify: the verifier\'s copy "out/a" was touched while it ran; copy it elsewhere before changing anything about it',
    ],
    [new ArtifactMissing({ hop: "readback", path: "out/a" }), 'readback: there is no artifact at "out/a"'],
    [
      new ArtifactMissing({ hop: "deliver", path: "out/a", sealed }),
      `deliver: the sealed artifact artifact:run:1:a (sha256:aa, kept at /data/sealed/aa) is gone; ${remedy}`,
    ],
    [new StorageFailed({ hop: "build", cause }), `build: ${cause.message}`],
    [new DeadlineExceeded({ hop: "seal", deadline_ms: 50 }), "seal took longer than 50 ms"],
    [new Aborted({ hop: "verify" }), "verify was aborted by its caller"],
    [new DeadlineRefused({ hop: "write", reason: "is 0" }), "write: deadline_ms is 0"],
    [new DeadlineRefused({ hop: undefined, reason: "is 0" }), "the data plane: deadline_ms is 0"],
  ]
  it.each(said)("%s", (error, message) => {
    expect(error.message).toBe(message)
    expect(error._tag).toBe(error.constructor.name)
  })
})

describe("whoever delivers for a run", () => {
  it.each([
    new BytesDiffer({ hop: "deliver", expected, actual, sealed }),
    new ArtifactMissing({ hop: "deliver", path: "out/a", sealed }),
  ])("says so where sealed bytes are gone or changed, and nothing else about it: %s", (error) => {
    const named = ofRun("my run", error)
    expect(named).toBeInstanceOf(error.constructor)
    expect(named).toMatchObject({ ...error, sealed: { ...sealed, runId: "my run" } })
    expect(named.message).toContain('artifact:run:1:a of the run "my run" (')
  })

  it.each([
    new BytesDiffer({ hop: "write", expected, actual }),
    new ArtifactMissing({ hop: "write", path: "out/a" }),
    new Aborted({ hop: "deliver" }),
  ])("hands on any other error as it is: %s", (error) => {
    expect(ofRun("my run", error)).toBe(error)
  })
})

describe("an attempt ends in", () => {
  const hops: ReadonlyArray<readonly [Hop, keyof typeof failures]> = [
    ["seed", "seed_write_failed"],
    ["collect", "terminal_build_failed"],
    ["build", "terminal_build_failed"],
    ["write", "terminal_write_failed"],
    ["readback", "terminal_read_failed"],
    ["seal", "terminal_read_failed"],
    ["verify", "terminal_read_failed"],
    ["deliver", "terminal_read_failed"],
  ]
  it.each(hops)("the failure of its hop where the disk, the time or the caller ends it: %s is %s", (hop, code) => {
    // Whose fault the disk's is before the bytes are stored depends on what it refused.
    const isBefore = hop === "collect" || hop === "build"
    for (const error of [
      ...(isBefore ? [] : [new StorageFailed({ hop, cause })]),
      new DeadlineExceeded({ hop, deadline_ms: 1 }),
      new Aborted({ hop }),
      new DeadlineRefused({ hop, reason: "is 0" }),
    ])
      expect(failureOf(error)).toBe(failures[code])
  })

  it.each<readonly [keyof typeof failures, DataPlaneError]>([
    ["path_refused", new PathRefused({ hop: "write", path: "..", reason: "it leaves" })],
    ["path_refused", new DestinationRefused({ path: "..", reason: "leaves" })],
    ["candidate_missing", new CandidateMissing({ path: "a" })],
    ["artifact_too_large", new ArtifactTooLarge({ bytes_max: 1 })],
    ["terminal_build_failed", new IllFormedText({ at: 0 })],
    ["terminal_build_failed", new NotBytes({ at: 0 })],
    ["terminal_build_failed", new BytesDiffer({ hop: "build", expected, actual })],
    ["artifact_changed", new BytesDiffer({ hop: "write", expected, actual })],
    ["readback_mismatch", new BytesDiffer({ hop: "readback", expected, actual })],
    ["artifact_changed", new BytesDiffer({ hop: "deliver", expected, actual })],
    ["artifact_changed", new CopyTouched({ path: "a" })],
    ["artifact_changed", new ArtifactMissing({ hop: "seal", path: "a" })],
    ["terminal_read_failed", new ArtifactMissing({ hop: "readback", path: "a" })],
    ["terminal_build_failed", new DeadlineRefused({ hop: undefined, reason: "is 0" })],
  ])("%s: %s", (code, error) => {
    expect(failureOf(error)).toBe(failures[code])
  })
})
