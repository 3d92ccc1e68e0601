// Whether a port of this board takes a connection. Nothing is sent.

import { connect } from 'node:net'
import type { CheckOutcome } from '../../core/ports.ts'
import { ownAddress } from './http.ts'
import { failed, passed } from './outcome.ts'

export function askTcp(port: number, timeoutMs: number): Promise<CheckOutcome> {
  return new Promise((resolve) => {
    const socket = connect({ host: ownAddress, port })
    const tooLate = setTimeout(() => end(failed(`no connection within ${timeoutMs} ms`)), timeoutMs)
    const end = (outcome: CheckOutcome): void => {
      clearTimeout(tooLate)
      socket.destroy()
      resolve(outcome)
    }
    socket.on('connect', () => end(passed(`port ${port} takes connections`)))
    socket.on('error', (error: NodeJS.ErrnoException) => end(failed(`port ${port}: ${error.code ?? error.message}`)))
  })
}
