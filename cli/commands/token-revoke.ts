// `token revoke`: ends a token, for ever. Boards that came with it wait from then on, wherever they are, but for those that are kept: an
// operator's word for each of these goes first.

import type { Command } from 'commander'
import type { NodeRow } from '../../crdt/api-nodes.ts'
import { type TokenTerms, fleetPaths, tokensFromRegisters } from '../../crdt/documents/fleet.ts'
import { type AuthorId, type NodeId, type TokenId, isPeerId } from '../../crdt/ids.ts'
import { admitNode } from '../boards/admit-node.ts'
import { type Cli, type WriteOptions, collect, confirmOptions, remoteAboutFleet } from '../command.ts'
import { type Fleet, fetchFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editFleet } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe } from '../render/words.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'
import { boardsOf } from '../boards/token-boards.ts'
import { another } from '../fleet/vouch.ts'

interface Options extends WriteOptions {
  readonly keep?: readonly string[]
  readonly keepAll?: boolean
  readonly keepNone?: boolean
}

export function addTokenRevoke(group: Command, cli: Cli): void {
  const command = confirmOptions(group.command('revoke').description('end a token, for ever: nobody joins with it any more'))
    .argument('<token>', 'its id, or how that begins')
    .option('--keep <node>', 'a board that came with it and stays, by name or id (may be repeated)', collect)
    .option('--keep-all', 'all boards that came with it and are known here stay')
    .option('--keep-none', 'none of them stays: they wait, and what they run is replaced elsewhere')
  remoteAboutFleet<Options>(cli, command, (session, { args: [token = ''], options }) => revokeToken(session, token, options))
}

async function revokeToken(session: Session, text: string, options: Options): Promise<ExitCode> {
  const fleet = await fetchFleet(session)
  const id = tokenOf(fleet, text)
  const terms = tokensFromRegisters(fleet.rights.doc.registers).get(id)
  const boards = terms === undefined ? [] : ((await boardsOf(session, terms)) ?? unreachable(terms, options))
  const kept = keptOf(boards, options)
  for (const { id: node, name, pool } of kept) await admitNode(session, { id: node as NodeId, name, pool }, options)
  const path = fleetPaths.revoked(id)
  const isRevoked = fleet.rights.revoked.has(id as string as AuthorId)
  const edit = await editFleet(session, (doc) => new Map(isRevoked ? [] : [[path, another(doc, path)]]))
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  const out = boards.filter((board) => !kept.includes(board))
  const { io, format } = session
  if (format !== 'table') printData(io, format, { token: id, kept: kept.map((node) => node.id), out: out.map((node) => node.id), receipt })
  else {
    const names = (rows: readonly NodeRow[]): string => rows.map(({ name }) => safe(name)).join(', ') || 'none'
    io.stdout.write(`token ${id} is revoked\n  kept   ${names(kept)}\n  waits  ${names(out)}\n${receiptLine(receipt, options.confirm)}`)
  }
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

/** One that the fleet has not heard of yet can be revoked before it does. */
function tokenOf({ rights }: Fleet, text: string): TokenId {
  if (isPeerId(text) && !rights.standing.has(text as AuthorId)) return text as TokenId
  const known = [...tokensFromRegisters(rights.doc.registers).keys()]
  const found = known.filter((id) => text !== '' && (id.startsWith(text) || id.slice('12D3KooW'.length).startsWith(text)))
  const [first, ...others] = found
  if (first !== undefined && others.length === 0) return first
  const words = first === undefined ? `no token is called '${text}'` : `'${text}' fits ${found.length} tokens`
  throw new CliError('E_TOKEN_UNKNOWN', words, { details: found, hint: 'shoal token list prints their ids' })
}

function unreachable({ pool }: TokenTerms, { keepNone }: Options): readonly NodeRow[] {
  if (keepNone === true) return []
  throw new CliError('E_POOL_UNREACHABLE', `no board of pool ${pool} answers, so it is not known who came with this token`, {
    hint: 'ask a board of that pool with --peer; or --keep-none: whoever came with it waits until somebody admits it',
  })
}

function keptOf(boards: readonly NodeRow[], { keep = [], keepAll, keepNone }: Options): readonly NodeRow[] {
  const said = [keep.length > 0, keepAll === true, keepNone === true].filter(Boolean).length
  const names = boards.map(({ name, id }) => `${name} (${id})`)
  if (said > 1) throw new CliError('E_USAGE', 'say one of --keep, --keep-all and --keep-none')
  if (said === 0 && boards.length > 0)
    throw new CliError('E_USAGE', `${boards.length} boards came with this token: say which of them stay`, {
      details: names,
      hint: '--keep NODE (may be repeated), --keep-all or --keep-none',
    })
  const strange = keep.find((one) => !boards.some(({ name, id }) => name === one || id === one))
  if (strange !== undefined)
    throw new CliError('E_NODE_UNKNOWN', `no board that came with this token is called '${strange}'`, { details: names })
  return keepAll === true ? boards : boards.filter(({ name, id }) => keep.includes(name) || keep.includes(id))
}
