// Sockets to other boards: made directly, or through an HTTP proxy (CONNECT), for sites that let nothing else out. Boards in the board's own nets are
// always dialled directly. The login is in no address and no log. (docs/adr/0039)

import { once } from 'node:events'
import { request } from 'node:http'
import { type Socket, connect, isIPv6 } from 'node:net'
import type { Transport } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import type { Multiaddr } from '@multiformats/multiaddr'
import { networkLimits } from './limits.ts'

export interface Proxy {
  readonly host: string
  readonly port: number
  /** `name:password`; null: it asks for none. */
  readonly login: string | null
}

/** Opens a TCP connection to where the address leads. */
export type OpenSocket = (address: string, signal: AbortSignal | undefined) => Promise<Socket>

const socketOptions = { keepAlive: true, keepAliveInitialDelay: networkLimits.tcpKeepAliveMs, noDelay: true }

export const directly: OpenSocket = async (address, signal) => {
  signal?.throwIfAborted()
  const socket = connect({ ...placeOf(address), ...socketOptions })
  try {
    await once(socket, 'connect', { signal })
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

export function through(proxy: Proxy, isNear: (address: string) => boolean): OpenSocket {
  return async (address, signal) => (isNear(address) ? await directly(address, signal) : await tunnel(proxy, address, signal))
}

async function tunnel({ host, port, login }: Proxy, address: string, signal: AbortSignal | undefined): Promise<Socket> {
  const place = placeOf(address)
  const path = `${isIPv6(place.host) ? `[${place.host}]` : place.host}:${place.port}`
  const authorization = login === null ? {} : { 'proxy-authorization': `Basic ${Buffer.from(login).toString('base64')}` }
  const by = `the proxy ${host}:${port}`
  return await new Promise((resolve, reject) => {
    const headers = { host: path, ...authorization }
    const asked = request({ host, port, method: 'CONNECT', path, headers, agent: false, maxHeaderSize: networkLimits.proxyAnswerBytesMax })
    // Until it has answered, or nobody waits any more.
    const giveUp = (): void => void asked.destroy(new Error('no answer from it in time'))
    const done = (): void => signal?.removeEventListener('abort', giveUp)
    signal?.addEventListener('abort', giveUp, { once: true })
    if (signal?.aborted === true) giveUp()
    asked.once('connect', ({ statusCode = 0, statusMessage = '' }, socket: Socket, head) => {
      done()
      if (statusCode === 200) {
        socket.setNoDelay(true).setKeepAlive(true, networkLimits.tcpKeepAliveMs)
        if (head.length > 0) socket.unshift(head)
        return resolve(socket)
      }
      socket.destroy()
      const hint = statusCode === 407 ? ' (network.proxy_login)' : ''
      reject(new Error(`${by} does not connect to ${path}: ${statusCode} ${statusMessage.slice(0, 60)}${hint}`))
    })
    asked.on('error', (error) => {
      done()
      reject(new Error(`${by} does not connect to ${path}: ${error.message}`))
    })
    asked.end()
  })
}

function placeOf(address: string): { readonly host: string; readonly port: number } {
  const [, , host = '', over, port] = address.split('/')
  if (over !== 'tcp') throw new Error(`${address} is no address over TCP`)
  return { host, port: Number(port) }
}

/** libp2p's TCP, with sockets that are opened otherwise. (@libp2p/tcp 11.0.28, `_connect`.) */
export function tcpBy(open: OpenSocket): ReturnType<typeof tcp> {
  const create = tcp({ dialOpts: socketOptions, listenOpts: socketOptions })
  if (open === directly) return create
  return (components) => {
    const transport = create(components) as Transport & {
      _connect?: (address: Multiaddr, options: { readonly signal?: AbortSignal }) => Promise<Socket>
    }
    if (typeof transport._connect !== 'function') throw new Error('libp2p changed: its sockets')
    transport._connect = async (address, { signal }) => await open(address.toString(), signal)
    return transport
  }
}
