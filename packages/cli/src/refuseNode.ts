/** Which Node this program needs; apart from everything that an older one could not even load. */

/** The oldest major version that runs the program; `engines` in its package says the same. */
export const node_major_min = 24

/** Why a version of Node does not do; `undefined` when it does. */
export const refuseNode = (version: string): string | undefined =>
  Number(version.split(".")[0]) >= node_major_min
    ? undefined
    : `error: waybill needs Node ${node_major_min} or newer, and this is Node ${version}. Install a newer one, then make the same call again. [NODE_TOO_OLD]`
