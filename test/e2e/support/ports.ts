// TCP ports for agents on loopback: outside the kernel's ephemeral range and outside shoal's dynamic ports, so that nobody takes one
// by chance between the look and the use.

import { createServer } from 'node:net'

const first = 10_000
const count = 9_000
let next = (process.pid * 37) % count

export async function freePort(): Promise<number> {
  for (;;) {
    const port = first + (next++ % count)
    const isFree = await new Promise<boolean>((done) => {
      const server = createServer()
      server.once('error', () => done(false))
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)))
    })
    if (isFree) return port
  }
}

export async function loopback(): Promise<string> {
  return `/ip4/127.0.0.1/tcp/${await freePort()}`
}

export async function loopbacks(howMany: number): Promise<string[]> {
  const found: string[] = []
  while (found.length < howMany) found.push(await loopback())
  return found
}
