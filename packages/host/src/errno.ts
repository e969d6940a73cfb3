/**
 * What the system's error codes mean, in words.
 *
 * @module
 */

const words: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EROFS: "the file system is read-only",
  ENOENT: "no such file or directory",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "it is a directory",
  EEXIST: "it exists already",
  ENOTEMPTY: "the directory is not empty",
  ELOOP: "it is a symbolic link",
  EINVAL: "the name or the kind of file is not allowed here",
  ENAMETOOLONG: "the name is too long",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file is too large",
  EIO: "input/output error of the device",
  EMFILE: "this process has too many open files",
  ENFILE: "the system has too many open files",
  ENOMEM: "out of memory",
  EBUSY: "it is in use",
  EXDEV: "it is on another file system",
  EUCLEAN: "somebody wrote into it; remove it while nobody works here",
  ESTALE: "it was moved or replaced meanwhile",
  ENXIO: "it is a device or pipe that nobody serves",
  ETXTBSY: "the program is being written",
  ENOEXEC: "it is no program that can be run",
  E2BIG: "the arguments and the environment are too large",
  EAGAIN: "the system has no room for another process or lock now",
}

/**
 * A code with its meaning; one that is not known stands alone.
 *
 * @example
 * explainErrno("EACCES") // "permission denied (EACCES)"
 */
export const explainErrno = (code: string): string => {
  const meaning = Object.hasOwn(words, code) ? words[code] : undefined
  return meaning === undefined ? code : `${meaning} (${code})`
}
