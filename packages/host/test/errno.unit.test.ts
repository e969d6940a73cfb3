import { explainErrno, FileError } from "@waybill/host"
import { expect, it } from "vitest"

it("what the file system refused is said in words, with its code", () => {
  const error = new FileError({ operation: "make", path: "/x/.agents", code: "EACCES" })
  expect(error.message).toBe("make /x/.agents: permission denied (EACCES)")
  expect(["EROFS", "ENOSPC", "EDQUOT", "EMFILE", "EISDIR", "ELOOP", "EINVAL", "ENOENT"].map(explainErrno)).toEqual(
    expect.not.arrayContaining([expect.stringMatching(/^E/u)]),
  )
})

it("a code that nobody knows stands for itself", () => {
  expect([explainErrno("EWEIRD"), explainErrno("constructor")]).toEqual(["EWEIRD", "constructor"])
})
