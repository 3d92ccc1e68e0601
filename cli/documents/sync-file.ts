// What a stick carries from one site to another: signed changes as boards send them, so it needs no more trust than a board does. Every
// change goes through the gate of the board that it is given to.

import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { createReadStream } from 'node:fs'
import FastestValidator from 'fastest-validator'
import { fromBase64, toBase64 } from '../../crdt/base64.ts'
import type { Crypto } from '../../crdt/crypto.ts'
import { type Envelope, decodeEnvelope } from '../../crdt/envelope.ts'
import { type DocId, parseDocId } from '../../crdt/ids.ts'
import { CliError, wordsOf } from '../errors.ts'

export interface CarriedDoc {
  readonly id: DocId
  readonly pool: string
  /** In causal order. */
  readonly envelopes: readonly Envelope[]
  /** Hashes of those that an earlier file brought. */
  readonly known: readonly string[]
}

export interface SyncFile {
  /** Id of the fleet. */
  readonly fleet: string
  readonly documents: readonly CarriedDoc[]
}

const format = 'shoal-sync-1'
/** Some ten thousand jobs with their history: far more than a site has, and what a laptop can hold. */
const fileBytesMax = 64 * 1_024 * 1_024
/** Signatures and hashes do not shrink: more than this is nothing that we wrote. */
const textBytesMax = 4 * fileBytesMax

interface Written {
  readonly fleet: string
  readonly documents: readonly { readonly id: string; readonly pool: string; readonly envelopes: string[]; readonly known: string[] }[]
}

// fastest-validator's types describe a CommonJS default export that Node's ESM loader hands over as it is.
const Validator = FastestValidator as unknown as typeof FastestValidator.default
const texts = { type: 'array', items: { type: 'string' } }
const check = new Validator({ haltOnFirstError: true }).compile({
  $$strict: true,
  format: { type: 'equal', value: format, strict: true },
  fleet: 'string',
  documents: {
    type: 'array',
    items: { type: 'object', strict: true, props: { id: 'string', pool: 'string', envelopes: texts, known: texts } },
  },
})

/** Throws E_FILE when nobody would read so much. */
export async function packSyncFile({ fleet, documents }: SyncFile): Promise<Uint8Array> {
  const written = documents.map((doc) => ({ ...doc, envelopes: doc.envelopes.map(({ bytes }) => toBase64(bytes)) }))
  const bytes = await promisify(gzip)(JSON.stringify({ format, fleet, documents: written }))
  if (bytes.length <= fileBytesMax) return bytes
  throw new CliError('E_FILE', `the file would be longer than ${fileBytesMax} bytes`, { hint: 'one pool at a time (--pool), or --since' })
}

/** Throws E_FILE or E_SYNC_FILE with the reason. */
export async function readSyncFile(crypto: Crypto, file: string, signal: AbortSignal): Promise<SyncFile> {
  const { fleet, documents } = await readWritten(file, signal)
  return {
    fleet,
    documents: documents.map((doc) => {
      const id = parseDocId(doc.id)
      if (!id.ok) throw broken(file, `it names the document '${doc.id}'`)
      return { ...doc, id: id.value.id, envelopes: doc.envelopes.map((text) => unpack(crypto, file, id.value.id, text)) }
    }),
  }
}

async function readWritten(file: string, signal: AbortSignal): Promise<Written> {
  const bytes = await readBytes(file, signal)
  let value: unknown
  try {
    value = JSON.parse((await promisify(gunzip)(bytes, { maxOutputLength: textBytesMax })).toString('utf8'))
  } catch (error) {
    throw broken(file, wordsOf(error))
  }
  const verdict: unknown = check(value)
  if (verdict !== true) throw broken(file, (verdict as { readonly message?: string }[])[0]?.message ?? 'it has another shape')
  return value as Written
}

async function readBytes(file: string, signal: AbortSignal): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  try {
    for await (const part of createReadStream(file, { signal })) {
      length += (part as Buffer).length
      if (length > fileBytesMax) break
      parts.push(part as Buffer)
    }
  } catch (error) {
    throw new CliError('E_FILE', `cannot read '${file}': ${wordsOf(error)}`)
  }
  if (length > fileBytesMax) throw broken(file, `it is longer than ${fileBytesMax} bytes`)
  return Buffer.concat(parts)
}

function unpack(crypto: Crypto, file: string, id: DocId, text: string): Envelope {
  const bytes = fromBase64(text)
  const envelope = bytes.ok ? decodeEnvelope(crypto, bytes.value) : bytes
  if (!envelope.ok) throw broken(file, `a change of ${id} cannot be read: ${envelope.message}`)
  if (envelope.value.doc !== id) throw broken(file, `a change of ${envelope.value.doc} is told as one of ${id}`)
  return envelope.value
}

function broken(file: string, why: string): CliError {
  const hint = 'make it anew with shoal sync export; nothing was changed'
  return new CliError('E_SYNC_FILE', `'${file}' is not a file of shoal sync export: ${why}`, { hint })
}
