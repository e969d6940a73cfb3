/** A network that can stop carrying anything, without telling either end. */
import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"

export interface FrozenNetwork {
  /** Where its near end listens. */
  readonly port: number
  readonly freeze: () => void
  /** From now on new connections go through; those from before stay dead. */
  readonly thaw: () => void
  readonly close: () => void
}

/** Carries connections to a port of this machine. */
export const makeFrozenNetwork = async (to: number): Promise<FrozenNetwork> => {
  let isFrozen = false
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    sockets.add(near)
    near.on("error", () => near.destroy())
    // The near end connects to nothing, as to a host behind a cut line.
    if (isFrozen) return
    // oxlint-disable-next-line waybill/network-call-needs-timeout -- it stands still on purpose, and ends with its test
    const far = connect(to, "127.0.0.1")
    far.setTimeout(60_000, () => far.destroy())
    sockets.add(far)
    far.on("error", () => far.destroy())
    near.on("data", (bytes) => isFrozen || far.write(bytes))
    far.on("data", (bytes) => isFrozen || near.write(bytes))
    near.on("close", () => isFrozen || far.destroy())
    far.on("close", () => isFrozen || near.destroy())
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  const drop = () => {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    port: address.port,
    freeze: () => {
      isFrozen = true
    },
    thaw: () => {
      drop()
      isFrozen = false
    },
    close: () => {
      drop()
      server.close()
    },
  }
}
