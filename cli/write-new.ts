// Files that a command makes for somebody to edit or to carry away: never over one that is there.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CliError, codeOf, wordsOf } from './errors.ts'

/** Makes the folders above it, too. `hint`: how to name another one. */
export async function writeNew(file: string, content: string | Uint8Array, hint = 'name another file with --out'): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, content, { flag: 'wx' })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new CliError('E_EXISTS', `'${file}' is there already`, { hint })
    throw new CliError('E_FILE', `cannot write '${file}': ${wordsOf(error)}`)
  }
}
