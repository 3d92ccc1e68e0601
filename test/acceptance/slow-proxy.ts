// A TCP proxy that passes everything on late: a long link between two boards on this machine.

import { createServer, connect, type AddressInfo, type Socket } from 'node:net'

export interface SlowProxy {
  readonly port: number
  /** Connections that it has been asked for. */
  readonly count: () => number
  readonly close: () => void
}

/** Passes on to 127.0.0.1:port; every byte takes `delayMs` each way. */
export async function slowProxy(port: number, delayMs: number): Promise<SlowProxy> {
  const sockets = new Set<Socket>()
  let count = 0
  const server = createServer((near) => {
    count += 1
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('data', (bytes) => setTimeout(() => to.write(bytes), delayMs))
      from.on('close', () => setTimeout(() => to.destroy(), delayMs))
      from.on('error', () => to.destroy())
    }
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    port: (server.address() as AddressInfo).port,
    count: () => count,
    close: () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
