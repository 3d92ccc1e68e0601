// The connection to a container engine (Docker, or Podman through its Docker API) over its socket. The client library is loaded
// only once a socket is there: it costs more memory than all of the driver. Every call has a deadline, because an engine that
// hangs answers nothing at all, and fails with an `EngineError` that says whether the engine or the request was at fault.

import { existsSync } from 'node:fs'
import type Dockerode from 'dockerode'

export class EngineError extends Error {
  override readonly name = 'EngineError'
  /** null: the engine gave no answer. */
  readonly status: number | null

  constructor(status: number | null, message: string) {
    super(message)
    this.status = status
  }
}

export interface Engine {
  /** How the engine is reached, for messages. */
  readonly address: string
  /** Runs one call of the client library under a deadline; throws `EngineError` only. */
  call<T>(work: (docker: Dockerode, abort: AbortSignal) => Promise<T>, deadlineMs?: number): Promise<T>
  /** A call whose answer is a stream: the deadline holds until the answer begins, `abort` ends it at any time. */
  stream(request: StreamRequest): Promise<NodeJS.ReadableStream>
}

export interface StreamRequest {
  readonly method: 'GET' | 'POST'
  /** Ends with `?` when there are options. */
  readonly path: string
  readonly options: Readonly<Record<string, unknown>>
  /** Absent: what the engine wants stands in the options. */
  readonly body?: Readonly<Record<string, unknown>>
  readonly abort: AbortSignal
  readonly deadlineMs?: number
  readonly authconfig?: object | undefined
}

const defaultSocket = '/var/run/docker.sock'
// Creating a container on a slow SD card was seen to take tens of seconds; an engine that needs longer than this hangs.
const callMs = 120_000

export function createEngine(socketPath: string | undefined): Engine {
  const address = addressOf(socketPath)
  let loaded: Promise<Dockerode> | undefined
  const client = async (): Promise<Dockerode> => {
    const missing = loaded === undefined && address.startsWith('/') && !existsSync(address)
    if (missing) throw new EngineError(null, `there is no engine at ${address}: is Docker installed and running?`)
    return (loaded ??= load(address))
  }
  return {
    address,
    async call(work, deadlineMs = callMs) {
      const abort = new AbortController()
      return withDeadline(
        client().then((docker) => work(docker, abort.signal)),
        abort,
        deadlineMs,
        address,
      )
    },
    async stream(request) {
      const abort = new AbortController()
      // Not AbortSignal.any: a signal that never fires would keep every stream that ever hung on it.
      const end = (): void => abort.abort()
      request.abort.addEventListener('abort', end, { once: true })
      if (request.abort.aborted) end()
      const forget = (): void => request.abort.removeEventListener('abort', end)
      try {
        const opening = client().then((docker) => dial(docker, request, abort.signal))
        const stream = await withDeadline(opening, abort, request.deadlineMs ?? callMs, address)
        stream.once('close', forget)
        return stream
      } catch (error) {
        // The caller tries again with the same signal for as long as the engine is down.
        forget()
        throw error
      }
    },
  }
}

function addressOf(socketPath: string | undefined): string {
  const host = process.env['DOCKER_HOST']
  if (socketPath !== undefined) return socketPath
  if (host === undefined || host === '') return defaultSocket
  return host.startsWith('unix://') ? host.slice('unix://'.length) || defaultSocket : host
}

async function load(address: string): Promise<Dockerode> {
  const { default: Client } = await import('dockerode')
  // An address given here beats what the library reads from the environment by itself.
  return address.startsWith('/') ? new Client({ socketPath: address, host: undefined, protocol: 'http' }) : new Client()
}

function dial(docker: Dockerode, request: StreamRequest, abortSignal: AbortSignal): Promise<NodeJS.ReadableStream> {
  const { method, path, authconfig, body } = request
  const options = { _query: { ...request.options }, _body: { ...body } }
  const statusCodes = { 200: true, 400: 'bad parameter', 404: 'not found', 500: 'server error' }
  return new Promise((resolve, reject) => {
    docker.modem.dial(
      { method, path, options, statusCodes, abortSignal, isStream: true, ...(authconfig === undefined ? {} : { authconfig }) },
      (error, answer) => (error === null ? resolve(answer as NodeJS.ReadableStream) : reject(error)),
    )
  })
}

async function withDeadline<T>(work: Promise<T>, abort: AbortController, deadlineMs: number, address: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new EngineError(null, `the engine at ${address} did not answer within ${deadlineMs / 1000} s`)),
      deadlineMs,
    ).unref()
  })
  try {
    return await Promise.race([work, late])
  } catch (error) {
    // Frees the socket of a call that came too late; its own failure is nobody's news any more.
    work.catch(() => undefined)
    abort.abort()
    throw toEngineError(error, address)
  } finally {
    clearTimeout(timer)
  }
}

function toEngineError(error: unknown, address: string): EngineError {
  if (error instanceof EngineError) return error
  const { statusCode, json, code, message } = error as {
    statusCode?: number
    json?: { message?: string } | null
    code?: string
    message?: string
  }
  if (statusCode !== undefined) return new EngineError(statusCode, (json?.message ?? message ?? `status ${statusCode}`).trim())
  const why = code === 'EACCES' ? `may not be used by this user (${code})` : `does not answer (${code ?? message})`
  return new EngineError(null, `the engine at ${address} ${why}`)
}
