// `sync export`: what operators have signed, in a file that a stick carries to a site that never meets this one. What boards say of
// themselves stays here: elsewhere nobody could ask them.

import type { Command } from 'commander'
import { fromBase64 } from '../../crdt/base64.ts'
import { type Envelope, decodeEnvelope } from '../../crdt/envelope.ts'
import type { DocId } from '../../crdt/ids.ts'
import { type Cli, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import { operatorsDocs } from '../documents/operators-docs.ts'
import { printData } from '../print.ts'
import { plural, safe } from '../render/words.ts'
import type { Session, SessionOptions } from '../peers/session.ts'
import { type CarriedDoc, type SyncFile, packSyncFile, readSyncFile } from '../documents/sync-file.ts'
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
    const { documents, silent } = await operatorsDocs(session, options.pool)
    const carried: CarriedDoc[] = []
    for (const { id, pool } of documents) carried.push(without(await collectDoc(session, id, pool), earlier))
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
