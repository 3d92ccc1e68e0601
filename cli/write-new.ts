// Files that a command makes for somebody to edit: never over one that is there.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { CliError, codeOf, wordsOf } from './errors.ts'

/** Makes the folders above it, too. `another`: what to name with `--out` instead. */
export async function writeNew(file: string, text: string, another: 'file' | 'folder' = 'file'): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text, { flag: 'wx' })
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw new CliError('E_EXISTS', `'${file}' is there already`, { hint: `name another ${another} with --out` })
    throw new CliError('E_FILE', `cannot write '${file}': ${wordsOf(error)}`)
  }
}
