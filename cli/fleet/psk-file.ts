// The pre-shared keys of a context: a line of 64 hex digits each, the oldest last. There a CLI that knows of one only looks for it, and the
// oldest is what boards meet such a one with.

import { readFile } from 'node:fs/promises'
import { hex, unhex } from '../../crdt/ids.ts'
import { replaceSecretFile } from '../../node/adapters/secret-file.ts'
import { CliError, wordsOf } from '../errors.ts'

/** Newest first. A swarm key file, as other programs write it, is read as well. */
export async function readPsks(file: string): Promise<readonly Uint8Array[]> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new CliError('E_PSK', `cannot read the fleet's pre-shared key: ${wordsOf(error)}`)
  }
  const keys = text.split(/\s+/).filter((word) => /^[0-9a-fA-F]{64}$/.test(word))
  if (keys.length === 0) throw new CliError('E_PSK', `'${file}' holds no pre-shared key (expected 64 hex digits, or a swarm key file)`)
  return keys.map((key) => unhex(key.toLowerCase()))
}

/** A key that was made and that no board may have heard of yet: apart from those that are used. */
export const nextPskFile = (file: string): string => `${file}.next`

/** Newest first. */
export async function writePsks(file: string, keys: readonly Uint8Array[]): Promise<void> {
  await replaceSecret(file, `${keys.map(hex).join('\n')}\n`)
}

export async function replaceSecret(file: string, text: string): Promise<void> {
  try {
    await replaceSecretFile(file, text)
  } catch (error) {
    throw new CliError('E_FILE', `cannot write '${file}': ${wordsOf(error)}`)
  }
}
