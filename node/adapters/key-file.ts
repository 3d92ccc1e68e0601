// The file that holds a private key: read with its permissions checked, created once and atomically. Two processes that
// create it at the same moment end with the same key. It must never overwrite an existing file: a lost key is a lost node.

import { link, open, readFile, stat, unlink } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { makeFolder } from './make-folder.ts'
import { type KeyPair, generateKeyPair, keyFromText, keyToPem } from './key-pair.ts'

export type KeyFileCode = 'E_KEY_FILE' | 'E_KEY_FORMAT' | 'E_KEY_MODE'

export class KeyFileError extends Error {
  override readonly name = 'KeyFileError'
  readonly code: KeyFileCode
  constructor(code: KeyFileCode, message: string) {
    super(message)
    this.code = code
  }
}

/** Any permission for group or others, as ssh sees it. */
const foreignPermissions = 0o077

/** The key of an existing file. */
export async function loadKey(path: string): Promise<KeyPair> {
  const key = await readKey(path)
  if (key === null) throw new KeyFileError('E_KEY_FILE', `no key file at '${path}'`)
  return key
}

/** The key of the file, which is created (mode 0600, and its folder) if it does not exist. */
export async function loadOrCreateKey(path: string): Promise<KeyPair> {
  const present = await readKey(path)
  if (present !== null) return present
  try {
    await createKeyFile(path, generateKeyPair())
  } catch (error) {
    throw new KeyFileError('E_KEY_FILE', `cannot create the key file '${path}': ${wordsOf(error)}`)
  }
  return await loadKey(path)
}

async function readKey(path: string): Promise<KeyPair | null> {
  let text: string
  let mode: number
  try {
    mode = (await stat(path)).mode
    text = await readFile(path, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
    throw new KeyFileError('E_KEY_FILE', `cannot read the key file '${path}': ${wordsOf(error)}`)
  }
  if ((mode & foreignPermissions) !== 0) {
    const octal = (mode & 0o777).toString(8).padStart(4, '0')
    throw new KeyFileError('E_KEY_MODE', `the key file '${path}' is open to other users (mode ${octal}); run: chmod 600 '${path}'`)
  }
  const key = keyFromText(text)
  if (key === null) {
    throw new KeyFileError('E_KEY_FORMAT', `'${path}' holds no ed25519 private key (expected PEM PKCS #8, or 64 hex digits)`)
  }
  return key
}

/** Written beside its place, synced, then linked into it: `link` fails where `rename` would overwrite. */
async function createKeyFile(path: string, key: KeyPair): Promise<void> {
  await makeFolder(dirname(path), 0o700)
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    const file = await open(temporary, 'wx', 0o600)
    try {
      await file.writeFile(keyToPem(key))
      await file.sync()
    } finally {
      await file.close()
    }
    await link(temporary, path).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
  const folder = await open(dirname(path), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
