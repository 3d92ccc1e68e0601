// The board's own door: HTTP on a unix socket, which may be read without a key. One request, answered by lines of JSON.

import { type IncomingMessage, request } from 'node:http'
import { CliError, codeOf, wordsOf } from '../errors.ts'
import type { ApiClient } from '../io.ts'

/** A line of an answer; the API's own frames are far smaller. */
const lineBytesMax = 16 * 1024 * 1024
const newline = 10

export function unixClient(socketPath: string): ApiClient {
  return {
    peer: `unix:${socketPath}`,
    request: (body, signal) => lines(socketPath, body, signal),
    close: async () => undefined,
  }
}

/** Whether an agent listens there. */
export async function unixAnswers(socketPath: string, signal: AbortSignal): Promise<boolean> {
  try {
    for await (const _ of lines(socketPath, new TextEncoder().encode('{"method":"fleet.status"}'), signal)) return true
    return true
  } catch (error) {
    if (error instanceof CliError) return true // it answered, if only with a refusal
    return false
  }
}

async function* lines(socketPath: string, body: Uint8Array, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const response = await post(socketPath, body, signal)
  let held: Buffer = Buffer.alloc(0)
  for await (const part of response as AsyncIterable<Buffer>) {
    held = held.length === 0 ? part : Buffer.concat([held, part])
    for (let end = held.indexOf(newline); end !== -1; end = held.indexOf(newline)) {
      if (end > 0) yield new Uint8Array(held.subarray(0, end))
      held = held.subarray(end + 1)
    }
    if (held.length > lineBytesMax) throw new CliError('E_REPLY', `${socketPath} sent a line of more than ${lineBytesMax} bytes`)
  }
  if (held.length > 0) yield new Uint8Array(held)
}

function post(socketPath: string, body: Uint8Array, signal: AbortSignal | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length }
    const sent = request({ socketPath, path: '/v1/api', method: 'POST', headers, ...(signal !== undefined && { signal }) }, (response) => {
      if (response.statusCode === 200) return resolve(response)
      response.resume()
      reject(
        new CliError('E_HTTP', `${socketPath} answered with HTTP status ${response.statusCode}`, {
          hint: 'is this the socket of a shoal agent?',
        }),
      )
    })
    sent.on('error', (error) => reject(new Error(wordsOf(error) || codeOf(error), { cause: error })))
    sent.end(body)
  })
}
