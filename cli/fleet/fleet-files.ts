// The files that `fleet init` makes: the operator's key, the fleet's pre-shared key, the join file and the context. Everything is
// created new or not at all: an existing file is never overwritten, since a lost key is a lost fleet.

import { mkdir, open, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { hex } from '../../crdt/ids.ts'
import { CliError, codeOf, wordsOf } from '../errors.ts'
import type { JoinToken } from '../boards/join-token.ts'

/** What a new board is given: read by `shoal agent` (`join` in its configuration). Holds the pre-shared key: a secret. */
export interface JoinFile {
  /** Absent: the first one, of fleets that were open and had no tokens. */
  readonly format?: 2
  readonly fleet: string
  readonly name: string
  /** 32 bytes, hex. */
  readonly psk: string
  /** The fleet document, base64. */
  readonly envelopes: readonly string[]
  /** Multiaddrs of nodes that a new board tries first. */
  readonly bootstrap: readonly string[]
  /** Pool → secret of the token by which boards join it (32 bytes, hex). */
  readonly tokens?: Readonly<Record<string, string>>
}

export interface FleetFiles {
  readonly keyFile: string
  readonly pskFile: string
}

export function fleetFiles(configDir: string, name: string): FleetFiles {
  return { keyFile: join(configDir, 'keys', `${name}.key`), pskFile: join(configDir, 'keys', `${name}.psk`) }
}

export function joinFile(input: {
  fleet: string
  name: string
  psk: Uint8Array
  /** Base64. */
  envelopes: readonly string[]
  bootstrap: readonly string[]
  /** null: the fleet is open. */
  tokens: readonly JoinToken[] | null
}): JoinFile {
  const { fleet, name, psk, envelopes, bootstrap, tokens } = input
  const file = { fleet, name, psk: hex(psk), envelopes, bootstrap }
  return tokens === null ? file : { format: 2, ...file, tokens: secretsOf(tokens) }
}

export function secretsOf(tokens: readonly JoinToken[]): Readonly<Record<string, string>> {
  return Object.fromEntries(tokens.map(({ terms, key }) => [terms.pool, hex(key.seed)]))
}

export function joinText(file: JoinFile): string {
  return `${JSON.stringify(file, null, 2)}\n`
}

/** Throws E_JOIN_FORMAT: the text is no join file. */
export function parseJoinFile(file: string, text: string): JoinFile {
  const hint = 'name the file that shoal fleet init wrote, with --join'
  let raw: Partial<JoinFile> | null
  try {
    raw = JSON.parse(text) as Partial<JoinFile> | null
  } catch {
    raw = null
  }
  const { fleet, psk, envelopes, bootstrap } = raw ?? {}
  if (
    ![fleet, psk].every((id) => typeof id === 'string' && /^[0-9a-f]{64}$/.test(id)) ||
    !isTexts(envelopes) ||
    !isTexts(bootstrap) ||
    !isKnownFormat(raw?.format)
  )
    throw new CliError('E_JOIN_FORMAT', `'${file}' is not a join file, or is damaged`, { hint })
  return raw as JoinFile
}

function isKnownFormat(format: unknown): boolean {
  return format === undefined || format === 2
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string')
}

/** Refuses before anything is written, naming everything that is in the way. */
export async function mustBeAbsent(files: readonly string[]): Promise<void> {
  const present: string[] = []
  for (const file of files) {
    if (await isThere(file)) present.push(file)
  }
  if (present.length === 0) return
  const hint = 'choose another name, or move them away if that fleet is no longer wanted'
  throw new CliError('E_EXISTS', `not overwriting: ${present.join(', ')}`, { hint })
}

export async function isThere(file: string): Promise<boolean> {
  try {
    await stat(file)
    return true
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false
    throw new CliError('E_FILE', `cannot look at '${file}': ${wordsOf(error)}`)
  }
}

/** Created with mode 0600 and synced; fails when the file is there. */
export async function writeSecret(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw new CliError(codeOf(error) === 'EEXIST' ? 'E_EXISTS' : 'E_FILE', `cannot write '${file}': ${wordsOf(error)}`)
  }
}
