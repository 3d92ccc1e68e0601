// A question over HTTP to a port of this board. A status of 2xx is well; redirects are not followed, as they may lead off the board.

import { request } from 'node:http'
import type { CheckSpec } from '../../../crdt/spec.ts'
import { type CheckOutcome, checkOutputBytesMax } from '../../core/ports.ts'
import { failed, passed } from './outcome.ts'

/** Tasks listen there, be it on all addresses of the board, and an engine maps its containers' ports there. */
export const ownAddress = '127.0.0.1'

export function askHttp({ path = '/', method = 'GET', headers, body, timeoutMs }: CheckSpec, port: number): Promise<CheckOutcome> {
  return new Promise((resolve) => {
    // No connection is kept: the next check would meet one that the task has closed.
    const asked = request({ host: ownAddress, port, path, method, headers, agent: false })
    const tooLate = setTimeout(() => end(failed(`no answer within ${timeoutMs} ms`)), timeoutMs)
    const end = (outcome: CheckOutcome): void => {
      clearTimeout(tooLate)
      asked.destroy()
      resolve(outcome)
    }
    asked.on('error', (error: NodeJS.ErrnoException) => end(failed(`port ${port}: ${error.code ?? error.message}`)))
    asked.on('response', (response) => {
      const { statusCode = 0, statusMessage = '' } = response
      let said = Buffer.alloc(0)
      const judge = (): void => {
        const words = `HTTP ${statusCode} ${statusMessage}${said.length === 0 ? '' : `: ${said.toString('utf8')}`}`
        end(statusCode >= 200 && statusCode < 300 ? passed(words) : failed(words))
      }
      response.on('data', (chunk: Buffer) => {
        said = Buffer.concat([said, chunk.subarray(0, checkOutputBytesMax - said.length)])
        // Whatever follows, the status is known: a task may stream for ever.
        if (said.length >= checkOutputBytesMax) judge()
      })
      response.on('end', judge)
      response.on('error', (error: NodeJS.ErrnoException) => end(failed(`the answer broke off: ${error.code ?? error.message}`)))
    })
    asked.end(body)
  })
}
