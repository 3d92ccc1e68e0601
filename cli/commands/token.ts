// `token`: by which boards join with nobody logging in. A token is a key: admins state its public half, with terms, in the fleet document;
// its secret is in a join file and in no document.

import type { Command } from 'commander'
import { type TokenTerms, tokenRegisters, tokensFromRegisters } from '../../crdt/documents/fleet.ts'
import type { AuthorId } from '../../crdt/ids.ts'
import { type Cli, type WriteOptions, confirmOptions, parseCount, remoteAboutFleet } from '../command.ts'
import { newestPsk } from '../fleet/current-join-file.ts'
import { fetchFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { joinFile, joinText, mustBeAbsent, writeSecret } from '../fleet/fleet-files.ts'
import { editFleet } from '../job/job-edit.ts'
import { type TokenOptions, newToken, parsePool, tokenOptions } from '../boards/join-token.ts'
import { paintFor, printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { type Column, table } from '../render/table.ts'
import { time } from '../render/words.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'
import { boardsOf } from '../boards/token-boards.ts'
import { addTokenRevoke } from './token-revoke.ts'

interface CreateOptions extends WriteOptions, TokenOptions {
  readonly pool: string
  readonly count: number
  readonly auto?: boolean
  readonly out?: string
}

export function addToken(parent: Command, cli: Cli): void {
  const group = parent.command('token').description('join tokens: by which boards come into the fleet with nobody logging in')
  const create = tokenOptions(confirmOptions(group.command('create').description('make a token, and a join file with its secret')))
    .requiredOption('--pool <name>', 'the pool that its boards join', parsePool)
    .requiredOption('--count <n>', 'how many boards are members by it; more of them take no new work', parseCount)
    .option('--auto', 'whoever has it is a member at once (the default)')
    .option('--name <words>', 'what people call it')
    .option('--out <file>', 'join file to write (default: POOL.join.json)')
  remoteAboutFleet<CreateOptions>(cli, create, (session, { options }) => createToken(session, options))
  remoteAboutFleet(cli, group.command('list').description('list the tokens, and how many boards came with each'), listTokens)
  addTokenRevoke(group, cli)
}

async function createToken(session: Session, options: CreateOptions): Promise<ExitCode> {
  const { io, context, format } = session
  const { pool, auto, waitingRoom } = options
  if (auto === true && waitingRoom === true) throw new CliError('E_USAGE', 'say either --auto or --waiting-room')
  const out = options.out ?? `${pool}.join.json`
  await mustBeAbsent([out])
  const { rights } = await fetchFleet(session)
  const psk = await newestPsk(session, rights.doc.registers)
  const token = newToken(io, pool, options.count, options)
  const edit = await editFleet(session, () => tokenRegisters(token.terms))
  const receipt = await submit(session, edit.envelopes, undefined, options)
  const { envelopes } = await session.ask('doc', { method: 'doc.get', doc: 'fleet' })
  const file = joinFile({ fleet: context.fleet, name: edit.fleet.name, psk, envelopes, bootstrap: context.peers, tokens: [token] })
  await writeSecret(out, joinText(file))
  if (format !== 'table') printData(io, format, { token: token.terms, joinFile: out, receipt })
  else
    io.stdout.write(`token ${token.terms.id}: ${termsText(token.terms)}
join file ${out} (a secret: whoever has it can join so)
on each board  shoal agent --join ${out} with pool ${pool}
${receiptLine(receipt, options.confirm)}`)
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

function termsText({ pool, count, mode, untilMs }: TokenTerms): string {
  const until = untilMs === null ? '' : `, who show up until ${time(untilMs)}`
  return `${count} boards of pool ${pool}${until}${mode === 'auto' ? '' : ', each when an operator has admitted it'}`
}

interface Row extends TokenTerms {
  readonly revoked: boolean
  /** Boards that came with it; null: nobody of that pool answers. */
  readonly boards: number | null
}

async function listTokens(session: Session): Promise<void> {
  const { rights } = await fetchFleet(session)
  const rows: Row[] = []
  for (const terms of tokensFromRegisters(rights.doc.registers).values()) {
    const boards = await boardsOf(session, terms)
    rows.push({ ...terms, revoked: rights.revoked.has(terms.id as string as AuthorId), boards: boards?.length ?? null })
  }
  if (session.format !== 'table') return printData(session.io, session.format, { tokens: rows })
  session.io.stdout.write(rows.length === 0 ? 'no tokens\n' : table(columns, rows, paintFor(session.io)))
}

const columns: readonly Column<Row>[] = [
  { head: 'POOL', text: ({ pool }) => pool },
  { head: 'NAME', text: ({ name }) => name || '-' },
  { head: 'STATE', text: ({ revoked, mode }) => (revoked ? 'revoked' : mode) },
  { head: 'BOARDS', text: ({ boards, count }) => `${boards ?? '?'}/${count}`, right: true },
  { head: 'UNTIL', text: ({ untilMs }) => (untilMs === null ? '-' : time(untilMs)) },
  { head: 'TOKEN', text: ({ id }) => id },
]
