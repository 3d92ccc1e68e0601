// `audit`: who changed what and when, in all documents that operators write, and on demand in boards' own, with every signature checked here.

import { type Command, InvalidArgumentError } from 'commander'
import { type DocId, fleetDocId } from '../../crdt/ids.ts'
import { type AuditRow, auditRows } from '../documents/audit.ts'
import { type Cli, remote } from '../command.ts'
import { BadChange, type Fleet, fetchDoc, fetchFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { parseDuration } from '../job-file/units.ts'
import { boardsDocs, operatorsDocs } from '../documents/operators-docs.ts'
import { paintFor, printData } from '../print.ts'
import { auditText } from '../render/audit.ts'
import { safe, shortId } from '../render/words.ts'
import type { Session, SessionOptions } from '../peers/session.ts'

interface Options extends SessionOptions {
  /** ms. */
  readonly since?: number
  readonly by?: string
  readonly doc?: string
  readonly boards?: true
}

/** By key. */
type Names = ReadonlyMap<string, string>

/** The peer sent something of it that the gate refuses. */
interface BadDocument {
  readonly doc: DocId
  readonly code: string
  readonly message: string
}

export function addAudit(parent: Command, cli: Cli): void {
  const command = parent
    .command('audit')
    .description('list who changed what and when, newest first, with every signature checked')
    .option('--since <duration>', 'only changes that are no older by their authors’ clocks (those without a time, too)', ageOf)
    .option('--by <name>', 'only changes of this operator: a name, or the beginning of a key’s id')
    .option('--doc <id>', 'only documents whose id begins so: fleet, job/default/web, ops/')
    .option('--boards', 'also what boards say of themselves: copies, capacity, health')
  remote<Options>(cli, command, async (session, { options }) => {
    const fleet = await fetchFleet(session)
    const operators = await operatorsDocs(session, options.pool)
    const boards = options.boards === true ? await boardsDocs(session, options.pool) : null
    const silent = [...new Set([...operators.silent, ...(boards?.silent ?? [])])]
    const names = new Map([...fleet.names, ...(boards?.boards ?? []).map(({ id, name }) => [id, name] as const)])
    const rows: AuditRow[] = []
    const bad: BadDocument[] = []
    const documents = [...operators.documents, ...(boards?.documents ?? [])]
    for (const { id, pool } of documents.filter((one) => one.id.startsWith(options.doc ?? ''))) {
      try {
        rows.push(...auditRows(id === fleetDocId ? fleet.doc : await fetchDoc(session, fleet, id, pool)))
      } catch (error) {
        if (!(error instanceof BadChange)) throw error
        bad.push({ doc: id, code: error.code, message: error.message })
      }
    }
    const isWanted = wantedBy(options, keysHere(fleet, names), names, session.io.now())
    tell(session, names, rows.sort(newestFirst).filter(isWanted), { bad, silent })
    return bad.length + silent.length > 0 ? exitCodes.error : exitCodes.done
  })
}

/** Changes whose author gave no time come last; those of one second in the order of their documents. */
function newestFirst(a: AuditRow, b: AuditRow): number {
  return b.time - a.time
}

/** Every key of an operator, and of the boards that are told of. */
function keysHere({ rights }: Fleet, names: Names): readonly string[] {
  return [...new Set([...rights.ever.keys(), ...names.keys()])]
}

function wantedBy({ since, by }: Options, keys: readonly string[], names: Names, now: number): (row: AuditRow) => boolean {
  const wanted = by === undefined ? undefined : new Set(keysOf(by, keys, names))
  return ({ author, time }) => (since === undefined || time === 0 || time * 1_000 >= now - since) && (wanted?.has(author) ?? true)
}

/** All keys that bear the name, revoked ones too: somebody may have had several. */
function keysOf(by: string, keys: readonly string[], names: Names): readonly string[] {
  const named = keys.filter((key) => names.get(key) === by)
  const found = named.length > 0 ? named : keys.filter((key) => by !== '' && (key.startsWith(by) || shortId(key).startsWith(by)))
  if (found.length === 0)
    throw new CliError('E_USAGE', `--by: no operator of the fleet is called '${by}', and no key begins so`, {
      hint: 'shoal fleet status lists them; boards count with --boards',
    })
  return found
}

function ageOf(text: string): number {
  const parsed = parseDuration(text)
  if (!parsed.ok) throw new InvalidArgumentError(`allowed: ${parsed.message}.`)
  return parsed.value
}

interface Missing {
  readonly bad: readonly BadDocument[]
  readonly silent: readonly string[]
}

function tell({ io, format }: Session, names: Names, rows: readonly AuditRow[], { bad, silent }: Missing): void {
  if (format !== 'table') return printData(io, format, { changes: rows, bad, silent })
  io.stdout.write(auditText(rows, names, paintFor(io)))
  for (const { code, message } of bad) io.stderr.write(`error ${code}: ${safe(message)}\n`)
  for (const pool of silent) io.stderr.write(`pool ${safe(pool)} did not answer: changes of its jobs and boards are missing\n`)
}
