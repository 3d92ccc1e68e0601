// A bundle's files as the entries of an archive: folders read through, every parent named before what it holds.

import { readFile, readdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { BundleFile } from './files.ts'
import type { TarEntry } from '../../node/adapters/tar.ts'

const openFolder = 0o755
const closedFolder = 0o700
const executable = 0o100

/** `root` stands before every path (`./`, as packages have it). A folder of nothing but secrets is its owner's alone. */
export async function entriesOf(files: readonly BundleFile[], root = ''): Promise<TarEntry[]> {
  const entries = (await Promise.all(files.map(async (file) => await contentsOf(file)))).flat()
  const folders = [...new Set(entries.flatMap(({ path }) => parentsOf(path)))].map((path): TarEntry => ({
    kind: 'folder',
    path: `${path}/`,
    mode: holdsSecretsOnly(path, files) ? closedFolder : openFolder,
  }))
  const sorted = [...folders, ...entries].toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return sorted.map((entry) => ({ ...entry, path: `${root}${entry.path}` }))
}

function holdsSecretsOnly(folder: string, files: readonly BundleFile[]): boolean {
  const inside = files.filter(({ path }) => dirname(path) === folder)
  return inside.length > 0 && inside.every(({ isSecret }) => isSecret === true)
}

function parentsOf(path: string): string[] {
  const names = path.split('/').slice(0, -1)
  return names.map((_, index) => names.slice(0, index + 1).join('/'))
}

async function contentsOf({ path, content, isSecret = false }: BundleFile): Promise<TarEntry[]> {
  if ('linkTo' in content) return [{ kind: 'link', path, mode: 0o777, to: content.linkTo }]
  if ('copyOf' in content) return await copied(content.copyOf, path)
  const bytes = 'text' in content ? Buffer.from(content.text) : await content.made()
  return [{ kind: 'file', path, mode: isSecret ? 0o600 : 0o644, bytes }]
}

async function copied(source: string, path: string): Promise<TarEntry[]> {
  const found = await stat(source)
  if (found.isFile()) return [{ kind: 'file', path, mode: (found.mode & executable) === 0 ? 0o644 : 0o755, bytes: await readFile(source) }]
  const names = await readdir(source)
  return (await Promise.all(names.map(async (name) => await copied(join(source, name), `${path}/${name}`)))).flat()
}
