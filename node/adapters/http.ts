// The board's own door: HTTP on a unix socket (whoever may open the file may read) and, if asked for, on loopback. It carries the
// same requests as the libp2p door (`POST /v1/api`: JSON in, a JSON reply a line out), a health check and metrics. Pages in a
// browser must not reach it: on loopback a request with an Origin, or with a Host other than this machine, is refused.

import { chmod, lstat, unlink } from 'node:fs/promises'
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http'

import type { ApiChannel } from '../core/ports.ts'

export interface HttpOptions {
  readonly socketPath: string
  /** null: no TCP at all. */
  readonly loopbackPort: number | null
  readonly api: (channel: ApiChannel) => void
  readonly health: () => object
  readonly metrics: () => Promise<string>
  readonly log: { warn(data: object, message: string): void }
}

export interface HttpDoor {
  /** The port that was taken (0 in the options: any); null without TCP. */
  readonly port: number | null
  close(): Promise<void>
}

/** The largest write: 64 envelopes of a few kB each, as base64. */
const requestBytesMax = 8 * 1_024 * 1_024
/** Each may hold a request of that size while it comes in; a dashboard and some terminals are far below. */
const connectionsMax = 64
/** A caller that takes nothing of its answer for so long is dropped. */
const stallMsMax = 60_000

/** Throws when neither door can be opened; the caller holds the store's lock, so a socket file that is there is a dead agent's. */
export async function openHttp(options: HttpOptions): Promise<HttpDoor> {
  const servers: Server[] = []
  const listen = async (target: { path: string } | { port: number; host: string }): Promise<Server> => {
    const isSocket = 'path' in target
    const server = createServer((request, response) => void answer(options, { request, response, isSocket }))
    server.maxConnections = connectionsMax
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(target, () => resolve(server.off('error', reject) && undefined)),
    )
    server.on('error', (error) => options.log.warn({ error: error.message }, 'the local API has trouble'))
    servers.push(server)
    return server
  }
  await removeStale(options.socketPath)
  await listen({ path: options.socketPath })
  await chmod(options.socketPath, 0o660)
  let port: number | null = null
  if (options.loopbackPort !== null) {
    const address = (await listen({ port: options.loopbackPort, host: '127.0.0.1' })).address()
    port = typeof address === 'object' && address !== null ? address.port : null
  }
  return { port, close: () => closeAll(servers) }
}

/** Only ever a socket: a path that was mistyped must not cost somebody's file. */
async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null)
  if (found === null) return
  if (!found.isSocket()) throw new Error(`${path} is there and is no socket: name another path for it (http.socket)`)
  await unlink(path)
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  for (const server of servers) server.closeAllConnections()
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
}

interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** By the unix socket, which no browser opens. */
  readonly isSocket: boolean
}

async function answer(options: HttpOptions, { request, response, isSocket }: Asked): Promise<void> {
  const path = request.url?.split('?')[0]
  try {
    if (!isSocket && !isLocal(request)) fail(response, 403, 'only programs on this board may ask')
    else if (request.method === 'GET' && path === '/v1/health') json(response, options.health())
    else if (request.method === 'GET' && path === '/metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8').end(await options.metrics())
    } else if (path === '/v1/api' && request.method === 'POST') {
      const body = await readBody(request)
      if (body === null) fail(response, 413, `a request has at most ${requestBytesMax} bytes`)
      else options.api(channelOf(response, body))
    } else if (path === '/v1/api' || path === '/v1/health' || path === '/metrics') fail(response, 405, 'wrong method')
    else fail(response, 404, 'there is POST /v1/api, GET /v1/health and GET /metrics')
  } catch (error) {
    options.log.warn({ error: String(error) }, 'a local request failed')
    if (response.headersSent) response.destroy()
    else fail(response, 500, 'the agent failed to answer')
  }
}

function channelOf(response: ServerResponse, body: Uint8Array): ApiChannel {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  response.setHeader('content-type', 'application/x-ndjson')
  return {
    caller: null,
    request: body,
    signal: gone.signal,
    send: (frame) =>
      new Promise((resolve, reject) => {
        const settle = (error?: Error | null): void => {
          clearTimeout(stalled)
          gone.signal.removeEventListener('abort', leave)
          if (error) reject(error)
          else resolve()
        }
        // Node does not call back for what was being written when the caller went.
        const leave = (): void => settle(new Error('the caller has gone'))
        const stalled = setTimeout(() => response.destroy(), stallMsMax)
        stalled.unref()
        if (gone.signal.aborted) return leave()
        gone.signal.addEventListener('abort', leave, { once: true })
        response.write(Buffer.concat([frame, Buffer.from('\n')]), settle)
      }),
    end: () => new Promise((resolve) => void response.end(() => resolve())),
  }
}

function isLocal(request: IncomingMessage): boolean {
  const host = (request.headers.host ?? '').replace(/:\d+$/, '')
  return request.headers.origin === undefined && (host === 'localhost' || host === '127.0.0.1')
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > requestBytesMax) return null
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

function json(response: ServerResponse, value: object): void {
  response.setHeader('content-type', 'application/json').end(`${JSON.stringify(value)}\n`)
}

function fail(response: ServerResponse, status: number, message: string): void {
  response.statusCode = status
  json(response, { kind: 'error', code: 'E_HTTP', message })
}
