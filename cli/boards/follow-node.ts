// A node followed to where an operator wants it: looked at again and again, also while the peer that answers is the very board that goes.

import { setTimeout as pause } from 'node:timers/promises'
import type { NodeDetail } from '../../crdt/api-nodes.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Session } from '../peers/session.ts'

/** How often the board is asked how far it is. */
export const pollMs = 500
/** Questions without an answer in a row, before the command gives up. */
const silentMax = 3

export async function askNode(session: Session, name: string): Promise<NodeDetail> {
  return (await session.ask('node', { method: 'node.status', node: name })).node
}

/** null: look again. `isLast`: the time is up, so an exit code is wanted now. */
export type Look = (node: NodeDetail, isLast: boolean) => Promise<ExitCode | null>

export async function followNode(session: Session, id: string, forMs: number, look: Look): Promise<ExitCode> {
  const { io } = session
  const over = AbortSignal.timeout(forMs)
  for (;;) {
    const exitCode = await look(await askStill(session, id), over.aborted)
    if (exitCode !== null) return exitCode
    await pause(pollMs, undefined, { signal: AbortSignal.any([io.signal, over]) }).catch(() => undefined)
    if (io.signal.aborted) throw interrupted()
  }
}

async function askStill(session: Session, id: string): Promise<NodeDetail> {
  for (let silent = 1; ; silent++) {
    try {
      return await askNode(session, id)
    } catch (error) {
      if (session.io.signal.aborted) throw interrupted()
      if (silent > silentMax) throw error
      await session.reconnect()
    }
  }
}

function interrupted(): CliError {
  return new CliError('E_INTERRUPTED', 'stopped following; the wish is in the mesh', { exitCode: exitCodes.interrupted })
}
