// Which peers a command talks to, and as whom. `--peer` goes before SHOAL_PEER, which goes before the context's ordered list;
// `--context` goes before SHOAL_CONTEXT, which goes before the file's `current`.

import { contextsFile } from './config-dir.ts'
import { type Context, readContexts } from './contexts.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { isUnix, mustBePeers } from './peer-address.ts'

export interface TargetOptions {
  readonly peer?: readonly string[]
  readonly context?: string
}

export interface Target {
  readonly peers: readonly string[]
  readonly context: Context | null
}

export async function findTarget(io: Io, options: TargetOptions): Promise<Target> {
  const context = await findContext(io, options.context ?? nonEmpty(io.env['SHOAL_CONTEXT']))
  const peers = [options.peer, splitList(io.env['SHOAL_PEER']), context?.peers].find((list) => list !== undefined && list.length > 0) ?? []
  if (peers.length === 0) {
    const other = context === null ? 'make a fleet with: shoal fleet init NAME' : 'add it with: shoal context peers ADDRESS …'
    const hint = `name one with --peer or SHOAL_PEER, or ${other}`
    throw new CliError('E_NO_PEER', 'no peer to talk to', { hint })
  }
  mustBePeers(peers)
  if (context === null && !peers.every(isUnix)) {
    throw new CliError('E_NO_CONTEXT', 'there is no context, so no key to show to the peer', {
      hint: 'make a fleet with: shoal fleet init NAME',
    })
  }
  return { peers, context }
}

/** null: none is said and none is current. */
export async function findContext(io: Io, name: string | undefined): Promise<Context | null> {
  const { file, current, contexts } = await readContexts(contextsFile(io.env))
  const wanted = name ?? current
  if (wanted === null) return null
  const context = contexts.find((one) => one.name === wanted)
  if (context !== undefined) return context
  const known = contexts.map((one) => one.name).join(', ')
  throw new CliError('E_CONTEXT', `there is no context '${wanted}' in '${file}'`, {
    hint: known === '' ? 'make a fleet with: shoal fleet init NAME' : `there are: ${known}`,
  })
}

function splitList(text: string | undefined): readonly string[] | undefined {
  return nonEmpty(text)
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
