// WebSocket beside TCP, for sites that let nothing else out: libp2p's protocols in binary messages over HTTP, without TLS, since the pre-shared key
// and Noise are inside. Not @libp2p/websockets, which needs a WebSocket that Node 20 has not, does not stop reading for a slow
// reader, and cannot reset (docs/adr/0039).

import { once } from 'node:events'
import { type Socket, isIPv6 } from 'node:net'
import type { AbortOptions, Connection, Listener, MultiaddrConnection, Transport } from '@libp2p/interface'
import { transportSymbol } from '@libp2p/interface'
import { type AbstractMessageStream, AbstractMultiaddrConnection } from '@libp2p/utils'
import type { Multiaddr } from '@multiformats/multiaddr'
import type { WebSocket } from 'ws'
import { networkLimits } from './limits.ts'
import type { OpenSocket } from './proxy.ts'
import { WebSocketListener } from './websocket-listener.ts'

export type TransportFactory = (components: TransportComponents) => Transport
interface TransportComponents {
  readonly logger: { forComponent(name: string): MultiaddrConnection['log'] }
}
type CreateListenerOptions = Parameters<Transport['createListener']>[0]
type DialOptions = Parameters<Transport['dial']>[1]

/** Loaded when it is first used: most boards never do. */
const library = async (): Promise<typeof import('ws')> => await import('ws')

export function webSocket(open: OpenSocket): TransportFactory {
  return ({ logger }) => new WebSocketTransport(open, logger.forComponent('shoal:websocket'))
}

/** Of a WebSocket that is reached over no other board. */
const form = /^\/(?:ip4|ip6|dns|dns4|dns6)\/([^/]+)\/tcp\/(\d+)\/ws(?:\/p2p\/[^/]+)?$/

class WebSocketTransport implements Transport {
  readonly [transportSymbol] = true
  readonly [Symbol.toStringTag] = 'shoal/websocket'
  readonly #openSocket: OpenSocket
  readonly #log: MultiaddrConnection['log']

  constructor(open: OpenSocket, log: MultiaddrConnection['log']) {
    this.#openSocket = open
    this.#log = log
  }

  async dial(address: Multiaddr, options: DialOptions): Promise<Connection> {
    const socket = await this.#open(address.toString(), options.signal)
    const connection = new WebSocketConnection(socket, address, 'outbound', this.#log)
    return await options.upgrader.upgradeOutbound(connection, options)
  }

  createListener({ upgrader }: CreateListenerOptions): Listener {
    const log = this.#log
    return new WebSocketListener(library, (opened, address, signal) => {
      const connection = new WebSocketConnection(opened, address, 'inbound', log)
      upgrader.upgradeInbound(connection, { signal }).catch((error: unknown) => connection.abort(error as Error))
    })
  }

  listenFilter(addresses: Multiaddr[]): Multiaddr[] {
    return addresses.filter((address) => form.test(address.toString()))
  }

  dialFilter(addresses: Multiaddr[]): Multiaddr[] {
    return this.listenFilter(addresses)
  }

  async #open(address: string, signal: AbortSignal | undefined): Promise<OpenWebSocket> {
    const [, host = '', port = ''] = form.exec(address) ?? []
    const { WebSocket } = await library()
    const raw = await this.#openSocket(address, signal)
    try {
      const socket = new WebSocket(`ws://${isIPv6(host) ? `[${host}]` : host}:${port}/`, {
        createConnection: () => raw,
        perMessageDeflate: false,
        maxPayload: networkLimits.webSocketMessageBytesMax,
      })
      socket.on('error', () => undefined) // that it was ended before it stood, when nobody waits any more
      // What comes with the answer is for the connection that is made of it.
      socket.once('open', () => socket.pause())
      await once(socket, 'open', { signal })
      return { socket, raw }
    } catch (error) {
      raw.destroy()
      throw error
    }
  }
}

export interface OpenWebSocket {
  readonly socket: WebSocket
  readonly raw: Socket
}

class WebSocketConnection extends AbstractMultiaddrConnection {
  readonly #socket: WebSocket
  readonly #raw: Socket
  #isPaused = false
  /** Messages that were in one packet with the one at which reading ended. */
  readonly #kept: Buffer[] = []
  #fault: Error | undefined

  constructor({ socket, raw }: OpenWebSocket, remoteAddr: Multiaddr, direction: 'inbound' | 'outbound', log: MultiaddrConnection['log']) {
    super({ remoteAddr, direction, log, maxMessageSize: networkLimits.webSocketMessageBytesMax })
    this.#socket = socket
    this.#raw = raw
    // As every TCP socket of libp2p's: yamux's keep-alive comes more often.
    raw.setTimeout(networkLimits.webSocketIdleMs, () => this.abort(new Error('nothing came for a long time')))
    raw.on('drain', () => this.safeDispatchEvent('drain'))
    socket.on('message', (data: Buffer) => {
      if (this.#isPaused) this.#kept.push(data)
      else this.onData(data)
    })
    socket.on('error', (error) => (this.#fault = error))
    socket.on('close', () => {
      if (this.#fault === undefined) this.onTransportClosed()
      else this.abort(this.#fault)
    })
    socket.resume()
  }

  sendData(data: Parameters<AbstractMessageStream['sendData']>[0]): ReturnType<AbstractMessageStream['sendData']> {
    this.#socket.send(data.subarray(), { binary: true })
    return { sentBytes: data.byteLength, canSendMore: !this.#raw.writableNeedDrain }
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    if (this.#raw.destroyed) return
    this.#socket.close()
    this.#raw.destroySoon()
    await once(this.#raw, 'close', { signal: options?.signal })
  }

  sendReset(): void {
    // What has begun to end in good order cannot be reset any more.
    if (this.#raw.writableEnded) this.#raw.destroy()
    else this.#raw.resetAndDestroy()
  }

  sendPause(): void {
    this.#isPaused = true
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.pause()
  }

  sendResume(): void {
    this.#isPaused = false
    // Whoever is given the first may have had enough with that.
    while (!this.#isPaused && this.#kept.length > 0) this.onData(this.#kept.shift()!)
    if (!this.#isPaused && this.#socket.readyState === this.#socket.OPEN) this.#socket.resume()
  }
}
