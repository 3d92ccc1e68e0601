// `sync import`: gives the changes of a file to the boards here, document by document. What they have already is not sent again, so a
// second import changes nothing; what they refuse is told, and stops nothing else.

import type { Command } from 'commander'
import { toBase64 } from '../../crdt/base64.ts'
import type { Envelope } from '../../crdt/envelope.ts'
import { fleetDocId } from '../../crdt/ids.ts'
import { type Cli, remote } from '../command.ts'
import { CliError, codeOf, wordsOf } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { paintFor, printData } from '../print.ts'
import { type Column, table } from '../render/table.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'
import { type CarriedDoc, readSyncFile } from '../documents/sync-file.ts'

/** What one request may hold (`coreLimits.putEnvelopesMax`), and half of what a board reads of one (`networkLimits.apiRequestBytesMax`). */
const envelopesAtOnce = 64
const bytesAtOnce = 1_500_000

interface Row {
  readonly document: string
  readonly pool: string
  /** Changes that were news here. */
  readonly changes: number
  readonly result: 'taken' | 'nothing new' | 'no such pool here' | 'refused'
  /** Why it was refused. */
  readonly reason: string
}

export function addSyncImport(parent: Command, cli: Cli): void {
  const command = parent
    .command('import')
    .description('give the changes of a file of `sync export` to the boards here')
    .argument('<file>', 'the file')
  remote(cli, command, async (session, { args: [file = ''] }) => {
    const { fleet, documents } = await readSyncFile(session.io.crypto, file, session.io.signal)
    if (fleet !== session.context.fleet)
      throw new CliError('E_FLEET', `'${file}' is of another fleet`, { hint: 'name its context with --context' })
    const rows = await importAll(session, documents)
    if (session.format === 'table') session.io.stdout.write(table(columns, rows, paintFor(session.io)))
    else printData(session.io, session.format, { documents: rows })
    return exitCodeOf(rows)
  })
}

const columns: readonly Column<Row>[] = [
  { head: 'DOCUMENT', text: (row) => row.document },
  { head: 'POOL', text: (row) => row.pool },
  { head: 'CHANGES', text: (row) => String(row.changes), right: true },
  { head: 'RESULT', text: (row) => (row.reason === '' ? row.result : `${row.result}: ${row.reason}`) },
]

function exitCodeOf(rows: readonly Row[]): ExitCode {
  return rows.some(({ result }) => result === 'refused') ? exitCodes.error : exitCodes.done
}

/** The fleet's own document first, as it says who may have written the others; then wishes about boards, before jobs are placed on them. */
async function importAll(session: Session, documents: readonly CarriedDoc[]): Promise<readonly Row[]> {
  const rank = ({ id }: CarriedDoc): number => (id === fleetDocId ? 0 : id.startsWith('ops/') ? 1 : 2)
  const { pools } = await session.ask('fleet', { method: 'fleet.status' })
  const here = new Set(pools.map(({ pool }) => pool))
  const rows: Row[] = []
  for (const doc of documents.toSorted((a, b) => rank(a) - rank(b))) {
    const row = { document: doc.id, pool: doc.id === fleetDocId ? '-' : doc.pool, changes: 0, reason: '' }
    if (doc.id === fleetDocId || here.has(doc.pool)) rows.push({ ...row, ...(await importDoc(session, doc)) })
    else rows.push({ ...row, result: 'no such pool here' })
  }
  return rows
}

async function importDoc(session: Session, doc: CarriedDoc): Promise<Pick<Row, 'changes' | 'result' | 'reason'>> {
  try {
    const fresh = await lackedHere(session, doc)
    if (fresh.length === 0) return { changes: 0, result: 'nothing new', reason: '' }
    const refusal = await give(session, doc, fresh)
    // Of what is given at once, a board takes all before the one that it refuses.
    const left = refusal === null ? 0 : (await lackedHere(session, doc)).length
    return { changes: fresh.length - left, result: refusal === null ? 'taken' : 'refused', reason: refusal ?? '' }
  } catch (error) {
    // Without a peer there is nothing to go on with; else it is about this document.
    if (session.io.signal.aborted || noAnswer.has(codeOf(error))) throw error
    return { changes: 0, result: 'refused', reason: reasonOf(error, doc) }
  }
}

async function lackedHere(session: Session, doc: CarriedDoc): Promise<Envelope[]> {
  const pool = poolOf(doc)
  const { envelopes } = await session.ask('doc', { method: 'doc.get', doc: doc.id }, pool === undefined ? {} : { pool })
  const here = new Set(envelopes)
  return doc.envelopes.filter(({ bytes }) => !here.has(toBase64(bytes)))
}

/** Why it was refused; null: it was not. */
async function give(session: Session, doc: CarriedDoc, fresh: readonly Envelope[]): Promise<string | null> {
  try {
    for (const part of partsOf(fresh)) await submit(session, part, poolOf(doc), { confirm: 1, confirmTimeout: session.timeoutMs })
    return null
  } catch (error) {
    if (session.io.signal.aborted || noAnswer.has(codeOf(error))) throw error
    return reasonOf(error, doc)
  }
}

function poolOf(doc: CarriedDoc): string | undefined {
  return doc.id === fleetDocId ? undefined : doc.pool
}

const noAnswer: ReadonlySet<string> = new Set(['E_CONNECTION', 'E_TIMEOUT', 'E_REPLY', 'E_UNREACHABLE', 'E_NOT_ADMITTED', 'E_WRONG_FLEET'])

function reasonOf(error: unknown, doc: CarriedDoc): string {
  const words = `${codeOf(error)}: ${wordsOf(error)}`
  if (codeOf(error) === 'E_MISSING' && doc.known.length > 0)
    return `${words}; it builds on changes that --since left out, and this site has not got: export it whole`
  // Boards of another pool are asked by the peer, and cannot see who carries it.
  return codeOf(error) === 'E_REVOKED' ? `${words}; a peer of pool ${doc.pool} takes it (--peer)` : words
}

function partsOf(envelopes: readonly Envelope[]): Envelope[][] {
  const parts: Envelope[][] = []
  let room = 0
  for (const one of envelopes) {
    const last = parts.at(-1)
    if (last === undefined || last.length === envelopesAtOnce || one.bytes.length > room) {
      parts.push([one])
      room = bytesAtOnce
    } else last.push(one)
    room -= one.bytes.length
  }
  return parts
}
