// Listens for WebSockets. Whoever has not asked for one yet is held to the same numbers as those who have not shown whose they are
// (half-open.ts): of all together, of one address, and for a time. It answers nothing else: what it is, a stranger does not learn from it.

import { type IncomingMessage, type Server, createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { TypedEventEmitter } from '@libp2p/interface'
import type { Listener, ListenerEvents } from '@libp2p/interface'
import { getThinWaistAddresses, ipPortToMultiaddr } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import { networkLimits } from './limits.ts'
import type { OpenWebSocket } from './websocket.ts'

/** `signal`: the listener is closed. */
type OnOpen = (opened: OpenWebSocket, remote: Multiaddr, signal: AbortSignal) => void

export class WebSocketListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #library: () => Promise<typeof import('ws')>
  readonly #onOpen: OnOpen
  readonly #closed = new AbortController()
  readonly #asking = new Set<Socket>()
  readonly #sockets = new Set<Socket>()
  #server: Server | undefined
  #address: Multiaddr | undefined

  constructor(library: () => Promise<typeof import('ws')>, onOpen: OnOpen) {
    super()
    this.#library = library
    this.#onOpen = onOpen
  }

  async listen(address: Multiaddr): Promise<void> {
    const { WebSocketServer } = await this.#library()
    const door = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: networkLimits.webSocketMessageBytesMax,
    })
    const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: networkLimits.tcpKeepAliveMs })
    server.maxHeadersCount = networkLimits.webSocketHeadersMax
    server.on('connection', (socket) => this.#came(socket))
    server.on('request', (_, response) => response.writeHead(404, { connection: 'close' }).end())
    server.on('upgrade', (request: IncomingMessage, socket: Socket, head) => {
      try {
        const remote = remoteOf(socket)
        door.handleUpgrade(request, socket, head, (opened) => {
          this.#asking.delete(socket)
          this.#onOpen({ socket: opened, raw: socket }, remote, this.#closed.signal)
        })
      } catch {
        // Thrown on, it would leave the socket to nobody.
        socket.destroy()
      }
    })
    const [, , host = '', , port = '0'] = address.toString().split('/')
    await new Promise<void>((resolve, reject) => {
      // It stays: that one connection cannot be accepted, as when descriptors have run out, is not to end the process.
      server.on('error', reject)
      server.listen({ host, port: Number(port), ipv6Only: address.toString().startsWith('/ip6/') }, resolve)
    })
    this.#server = server
    this.#address = address
    this.safeDispatchEvent('listening')
  }

  getAddrs(): Multiaddr[] {
    const at = this.#server?.address() as AddressInfo | null | undefined
    if (at === null || at === undefined) return []
    return getThinWaistAddresses(this.#address, at.port).map((address) => address.encapsulate('/ws'))
  }

  updateAnnounceAddrs(): void {}

  async close(): Promise<void> {
    this.#closed.abort()
    const server = this.#server
    if (server === undefined) return
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      for (const socket of this.#sockets) socket.destroy()
    })
    this.safeDispatchEvent('close')
  }

  #came(socket: Socket): void {
    const same = [...this.#asking].filter(({ remoteAddress }) => remoteAddress === socket.remoteAddress).length
    if (same >= networkLimits.inboundPendingPerAddressMax || this.#asking.size >= networkLimits.inboundPendingMax)
      return void socket.destroy()
    this.#sockets.add(socket)
    this.#asking.add(socket)
    const timer = setTimeout(() => this.#asking.has(socket) && socket.destroy(), networkLimits.inboundUpgradeMs)
    socket.on('error', () => undefined)
    socket.once('close', () => {
      clearTimeout(timer)
      this.#asking.delete(socket)
      this.#sockets.delete(socket)
    })
  }
}

/** A link-local address comes with the zone of this board's interface, which no multiaddr has. */
export function remoteOf({ remoteAddress, remotePort }: Pick<Socket, 'remoteAddress' | 'remotePort'>): Multiaddr {
  const [address = ''] = (remoteAddress ?? '0.0.0.0').split('%')
  return ipPortToMultiaddr(address, remotePort ?? 0).encapsulate('/ws')
}
