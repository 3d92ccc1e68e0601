// Puts a bundle's files into a new folder: whole or not at all, never over one that is there.

import { chmod, cp, mkdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { CliError, wordsOf } from '../errors.ts'
import type { BundleFile } from './files.ts'

export async function writeBundle(folder: string, files: readonly BundleFile[]): Promise<void> {
  if (await isThere(folder)) throw new CliError('E_EXISTS', `'${folder}' is there already`, { hint: 'name another folder with --out' })
  const half = `${folder}.unfinished`
  try {
    await rm(half, { recursive: true, force: true })
    for (const file of files) await writeFileOf(join(half, file.path), file)
    await rename(half, folder)
  } catch (error) {
    await rm(half, { recursive: true, force: true }).catch(() => undefined)
    throw new CliError('E_FILE', `cannot write '${folder}': ${wordsOf(error)}`)
  }
}

async function writeFileOf(path: string, { content, isSecret = false }: BundleFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  if ('linkTo' in content) return await symlink(content.linkTo, path)
  if ('copyOf' in content) return await cp(content.copyOf, path, { recursive: true })
  await writeFile(path, 'text' in content ? content.text : await content.made(), { mode: isSecret ? 0o600 : 0o644 })
  // Whatever the umask of whoever makes it.
  await chmod(path, isSecret ? 0o600 : 0o644)
}

async function isThere(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}
