// Asks the kernel whether the ports that a task was given are free, by binding each for a moment. A port that another program
// took is found before the task starts, with its label, instead of in a crash log. TCP only: a task may mean either protocol,
// and a bound UDP port shows in its own exit.

import { type Server, createServer } from 'node:net'
import { compareText } from '../../../crdt/ids.ts'

export interface TakenPort {
  readonly label: string
  readonly port: number
}

export async function takenPort(ports: Readonly<Record<string, number>>): Promise<TakenPort | undefined> {
  const labels = Object.keys(ports).sort(compareText)
  for (const label of labels) {
    const port = ports[label]
    if (port !== undefined && (await isTaken(port))) return { label, port }
  }
  return undefined
}

export function takenPortMessage(taken: TakenPort): string {
  const what = `port ${taken.port} ('${taken.label}') is in use on this board by another program`
  return `${what}: find it with 'ss -ltnp' and stop it, or ask for another port`
}

/** Without a host, Node binds `::` and with it IPv4, or IPv4 alone where there is no IPv6: either way any listener shows. */
function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server: Server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE'))
    server.listen({ port, exclusive: true }, () => server.close(() => resolve(false)))
  })
}
