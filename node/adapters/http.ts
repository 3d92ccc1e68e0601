// The board's own door: HTTP on a unix socket (whoever may open the file may read) and, if asked for, on loopback. It carries the
// same requests as the libp2p door (`POST /v1/api`: JSON in, a JSON reply a line out), a health check and metrics. Pages in a
// browser must not reach it: a request with an Origin, or with a Host other than this machine, is refused.

import { chmod, unlink } from 'node:fs/promises'
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

/** Throws when neither door can be opened; the caller holds the store's lock, so a socket file that is there is a dead agent's. */
export async function openHttp(options: HttpOptions): Promise<HttpDoor> {
  const servers: Server[] = []
  const listen = async (target: { path: string } | { port: number; host: string }): Promise<Server> => {
    const server = createServer((request, response) => void answer(options, request, response))
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(target, () => resolve(server.off('error', reject) && undefined)))
    server.on('error', (error) => options.log.warn({ error: error.message }, 'the local API has trouble'))
    servers.push(server)
    return server
  }
  await unlink(options.socketPath).catch(() => undefined)
  await listen({ path: options.socketPath })
  await chmod(options.socketPath, 0o660)
  let port: number | null = null
  if (options.loopbackPort !== null) {
    const address = (await listen({ port: options.loopbackPort, host: '127.0.0.1' })).address()
    port = typeof address === 'object' && address !== null ? address.port : null
  }
  return { port, close: () => closeAll(servers) }
}

async function closeAll(servers: readonly Server[]): Promise<void> {
  for (const server of servers) server.closeAllConnections()
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
}

async function answer(options: HttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?')[0]
  try {
    if (!isLocal(request)) fail(response, 403, 'only programs on this board may ask')
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
        if (gone.signal.aborted) return reject(new Error('the caller has gone'))
        response.write(Buffer.concat([frame, Buffer.from('\n')]), (error) => (error ? reject(error) : resolve()))
      }),
    end: () => new Promise((resolve) => void response.end(() => resolve())),
  }
}

function isLocal(request: IncomingMessage): boolean {
  // A unix socket has no address, and no browser opens one.
  if (request.socket.remoteAddress === undefined) return true
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
