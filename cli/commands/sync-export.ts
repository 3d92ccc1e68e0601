// `sync export`: what operators have signed, in a file that a stick carries to a site that never meets this one. What boards say of
// themselves stays here: elsewhere nobody could ask them.

import type { Command } from 'commander'
import { fromBase64 } from '../../crdt/base64.ts'
import { type Envelope, decodeEnvelope } from '../../crdt/envelope.ts'
import { type DocId, fleetDocId } from '../../crdt/ids.ts'
import { type Cli, remote } from '../command.ts'
import { CliError, codeOf } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { printData } from '../print.ts'
import { plural, safe } from '../render/words.ts'
import type { Session, SessionOptions } from '../session.ts'
import { type CarriedDoc, type SyncFile, packSyncFile, readSyncFile } from '../sync-file.ts'
import { writeNew } from '../write-new.ts'

interface Options extends SessionOptions {
  readonly since?: string
}

export function addSyncExport(parent: Command, cli: Cli): void {
  const command = parent
    .command('export')
    .description('write the signed changes of jobs, of wishes about boards and of the fleet into a file')
    .argument('<file>', 'the file to make')
    .option('--since <file>', 'an earlier file: what it has, or had left out, is left out')
  remote<Options>(cli, command, async (session, { args: [file = ''], options }) => {
    const { fleet } = session.context
    const earlier = options.since === undefined ? null : await readSyncFile(session.io.crypto, options.since, session.io.signal)
    if (earlier !== null && earlier.fleet !== fleet)
      throw new CliError('E_FLEET', `'${options.since}' is of another fleet`, { hint: 'name another file, or another --context' })
    const { documents, silent } = await collectDocs(session, options.pool)
    const carried = documents.map((doc) => without(doc, earlier))
    const bytes = await packSyncFile({ fleet, documents: carried })
    await writeNew(file, bytes, 'name another file')
    const changes = carried.reduce((sum, { envelopes }) => sum + envelopes.length, 0)
    for (const pool of silent) session.io.stderr.write(`pool ${safe(pool)} did not answer: its jobs are not in the file\n`)
    if (session.format === 'table')
      session.io.stdout.write(
        `${safe(file)}: ${plural(changes, 'change')} of ${plural(carried.length, 'document')}, ${bytes.length} bytes\n` +
          `at the other site: shoal sync import ${safe(file)}\n`,
      )
    else printData(session.io, session.format, { file, documents: carried.length, changes, silent })
    return silent.length > 0 ? exitCodes.error : exitCodes.done
  })
}

interface Collected {
  readonly documents: readonly CarriedDoc[]
  /** Pools that nobody could be asked about. */
  readonly silent: readonly string[]
}

/** The fleet's own document first: the others hold by it. */
async function collectDocs(session: Session, only: string | undefined): Promise<Collected> {
  const { pools } = await session.ask('fleet', { method: 'fleet.status' })
  const documents = [await collectDoc(session, fleetDocId)]
  const silent: string[] = []
  for (const pool of only === undefined ? pools.map((one) => one.pool) : [only]) {
    const docs = await docsOf(session, pool).catch((error: unknown) => {
      if (only !== undefined || codeOf(error) !== 'E_POOL_UNREACHABLE') throw error
      silent.push(pool)
      return []
    })
    for (const id of docs) documents.push(await collectDoc(session, id, pool))
  }
  return { documents, silent }
}

async function docsOf(session: Session, pool: string): Promise<readonly DocId[]> {
  return (await session.ask('docs', { method: 'doc.list' }, { pool })).docs as readonly DocId[]
}

async function collectDoc(session: Session, id: DocId, pool?: string): Promise<CarriedDoc> {
  const reply = await session.ask('doc', { method: 'doc.get', doc: id }, pool === undefined ? {} : { pool })
  const envelopes = reply.envelopes.map((text): Envelope => {
    const bytes = fromBase64(text)
    const envelope = bytes.ok ? decodeEnvelope(session.io.crypto, bytes.value) : bytes
    if (!envelope.ok) throw new CliError(envelope.code, `the peer sent a change of ${id} that does not hold: ${envelope.message}`)
    return envelope.value
  })
  return { id, pool: reply.pool, envelopes, known: [] }
}

function without(doc: CarriedDoc, earlier: SyncFile | null): CarriedDoc {
  const before = earlier?.documents.find(({ id }) => id === doc.id)
  const had = new Set([...(before?.known ?? []), ...(before?.envelopes ?? []).map(({ hash }) => hash)])
  const isKnown = ({ hash }: Envelope): boolean => had.has(hash)
  return {
    ...doc,
    envelopes: doc.envelopes.filter((one) => !isKnown(one)),
    known: doc.envelopes.filter(isKnown).map(({ hash }) => hash),
  }
}
