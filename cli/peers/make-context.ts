// A context for a fleet that is there already, with a key of one's own, new or brought along: all of the files or none.

import { unlink } from 'node:fs/promises'
import { resolve } from 'node:path'
import { hex } from '../../crdt/ids.ts'
import { type KeyPair, loadKey, loadOrCreateKey } from '../../node/adapters/keys.ts'
import { configDir, contextsFile } from './config-dir.ts'
import { readContexts, writeContexts } from './contexts.ts'
import { CliError, keyFault } from '../errors.ts'
import { fleetFiles, mustBeAbsent, writeSecret } from '../fleet/fleet-files.ts'
import type { Io } from '../io.ts'

export interface ContextParts {
  readonly fleet: string
  readonly psk: Uint8Array
  readonly peers: readonly string[]
  /** Where a key is that shall stay there; not given: a new one is made. */
  readonly keyFile?: string | undefined
}

export async function makeContext(io: Io, name: string, parts: ContextParts): Promise<{ readonly key: KeyPair; readonly keyFile: string }> {
  const made = fleetFiles(configDir(io.env), name)
  const { pskFile } = made
  const keyFile = parts.keyFile === undefined ? made.keyFile : resolve(parts.keyFile)
  const fresh = parts.keyFile === undefined ? [keyFile, pskFile] : [pskFile]
  const known = await readContexts(contextsFile(io.env))
  if (known.contexts.some((one) => one.name === name))
    throw new CliError('E_EXISTS', `there is a context '${name}' in '${known.file}' already`, { hint: 'choose another name with --name' })
  await mustBeAbsent(fresh)
  try {
    const key = await (parts.keyFile === undefined ? loadOrCreateKey : loadKey)(keyFile).catch((error: unknown) => {
      throw keyFault(error)
    })
    await writeSecret(pskFile, `${hex(parts.psk)}\n`)
    const context = { name, fleet: parts.fleet, pskFile, keyFile, peers: parts.peers, pool: null }
    await writeContexts({ ...known, current: name, contexts: [...known.contexts, context] })
    return { key, keyFile }
  } catch (error) {
    // They were absent when this command began, and nobody knows this key yet.
    for (const file of fresh) await unlink(file).catch(() => undefined)
    throw error
  }
}
