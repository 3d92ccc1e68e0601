// The join file: what a new board is given so that it knows its fleet (made by `shoal fleet init`). It holds the fleet's pre-shared
// key and join tokens, and is a secret. Format 1, which does not say so, knows no tokens. A copy is kept in the data directory, so that the file is needed once, and so that a board is not
// moved to another fleet by mistake.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'

import { fromBase64 } from '../crdt/base64.ts'
import { type Result, ok, refuse } from '../crdt/errors.ts'
import { type FleetId, isName, unhex } from '../crdt/ids.ts'
import { addressForms, toMultiaddr } from './adapters/libp2p/addresses.ts'
import { replaceSecretFile } from './adapters/secret-file.ts'

export interface JoinFile {
  readonly fleet: FleetId
  readonly name: string
  readonly psk: Uint8Array
  /** The fleet document, in applicable order; the first one's hash is the fleet's identity. */
  readonly envelopes: readonly Uint8Array[]
  readonly bootstrap: readonly string[]
  /** Pool → secret of the token with which a board signs its certificate for it (32 bytes). */
  readonly tokens: ReadonlyMap<string, Uint8Array>
}

export type JoinCode = 'E_JOIN_FILE' | 'E_JOIN_FORMAT' | 'E_OTHER_FLEET'

export async function readJoinFile(path: string, dataDir: string): Promise<Result<JoinFile, JoinCode>> {
  const kept = join(dataDir, 'join.json')
  const given = await parseJoinFile(path)
  if (resolve(path) === kept) return given
  const before = await parseJoinFile(kept)
  // A board that has joined needs the file no more: it may be gone, but not another fleet's.
  if (!given.ok) return before.ok && given.code === 'E_JOIN_FILE' ? before : given
  if (before.ok && before.value.fleet !== given.value.fleet) {
    const words = `${dataDir} belongs to fleet '${before.value.name}', ${path} to '${given.value.name}': give this fleet a data_dir of its own`
    return refuse('E_OTHER_FLEET', words)
  }
  await keep(path, kept)
  return given
}

/** A board that lost its copy in a power cut could not start again. */
async function keep(path: string, kept: string): Promise<void> {
  const text = await readFile(path, 'utf8')
  if (text === (await readFile(kept, 'utf8').catch(() => null))) return
  await replaceSecretFile(kept, text)
}

async function parseJoinFile(path: string): Promise<Result<JoinFile, JoinCode>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    const hint = 'make a fleet with: shoal fleet init NAME, and give its join file with --join'
    return refuse('E_JOIN_FILE', `cannot read the join file ${path} (${(error as NodeJS.ErrnoException).code ?? 'error'}); ${hint}`)
  }
  const found = parse(text)
  if (found === null)
    return refuse(
      'E_JOIN_FORMAT',
      `${path} is not a join file, is damaged, or is of a newer shoal than this one; copy it again from where the fleet was made`,
    )
  const strange = found.bootstrap.find((one) => toMultiaddr(one) === null)
  if (strange !== undefined) return refuse('E_JOIN_FORMAT', `${path}: bootstrap: '${strange}' is not an address (${addressForms})`)
  return ok(found)
}

function parse(text: string): JoinFile | null {
  let raw: Partial<Record<string, unknown>> | null
  try {
    raw = JSON.parse(text) as Partial<Record<string, unknown>> | null
  } catch {
    return null
  }
  const { fleet, name, psk, envelopes, bootstrap, format = 1, tokens = {} } = raw ?? {}
  if (!joinFormats.has(format) || !isTokens(tokens)) return null
  if (!isHex64(fleet) || !isHex64(psk) || typeof name !== 'string' || !isTexts(envelopes) || !isTexts(bootstrap)) return null
  const decoded = envelopes.map((one) => fromBase64(one))
  if (decoded.length === 0 || !decoded.every((one) => one.ok)) return null
  const bytes = decoded.map((one) => one.value)
  if (createHash('sha256').update(bytes[0]!).digest('hex') !== fleet) return null
  return {
    fleet: fleet as FleetId,
    name,
    psk: unhex(psk),
    envelopes: bytes,
    bootstrap,
    tokens: new Map(Object.entries(tokens).map(([pool, secret]) => [pool, unhex(secret)])),
  }
}

function isHex64(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
}

const joinFormats: ReadonlySet<unknown> = new Set([1, 2])

function isTokens(value: unknown): value is Record<string, string> {
  return typeof value === 'object' && value !== null && Object.entries(value).every(([pool, secret]) => isName(pool) && isHex64(secret))
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}
