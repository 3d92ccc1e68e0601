// A small HTTP proxy: CONNECT and nothing else, with a login if it is to have one.

import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, type Socket, connect } from 'node:net'

export interface HttpProxy {
  readonly port: number
  /** Where it was asked to connect to, in order. */
  readonly asked: readonly string[]
  close(): void
}

export async function httpProxy(login: string | null = null): Promise<HttpProxy> {
  const asked: string[] = []
  const open = new Set<Socket>()
  const server = createServer((_, response) => response.writeHead(405).end())
  const expected = login === null ? undefined : `Basic ${Buffer.from(login).toString('base64')}`
  server.on('connect', (request, near: Socket) => {
    near.on('error', () => undefined)
    if (request.headers['proxy-authorization'] !== expected) return void near.end('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n')
    asked.push(request.url ?? '')
    const { hostname, port } = new URL(`http://${request.url}`)
    const far = connect(Number(port || 80), hostname, () => {
      near.write('HTTP/1.1 200 Connection established\r\n\r\n')
      near.pipe(far).pipe(near)
    })
    for (const socket of [near, far]) {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    }
    far.on('error', () => near.destroy())
    near.on('close', () => far.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    close: () => {
      server.close()
      for (const socket of open) socket.destroy()
    },
  }
}
