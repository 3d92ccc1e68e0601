// Contexts: which fleet, with which key, over which peers. Kept in one YAML file that people may edit; checked whenever it is
// read, every fault at once. Paths in it are relative to the file. It never holds a secret, only the names of files that do.

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { parse, stringify } from 'yaml'
import { CliError, codeOf, wordsOf } from '../errors.ts'
import { nearest } from '../job-file/suggest.ts'

export interface Context {
  readonly name: string
  /** The fleet's id: 64 hex digits. */
  readonly fleet: string
  readonly pskFile: string
  readonly keyFile: string
  readonly peers: readonly string[]
  /** The pool that commands mean when none is said; null: the answering peer's. */
  readonly pool: string | null
}

export interface Contexts {
  readonly file: string
  readonly current: string | null
  readonly contexts: readonly Context[]
}

export async function readContexts(file: string): Promise<Contexts> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { file, current: null, contexts: [] }
    throw new CliError('E_CONFIG', `cannot read '${file}': ${wordsOf(error)}`)
  }
  let data: unknown
  try {
    data = parse(text)
  } catch (error) {
    // The library's first line ends in a colon, because a picture of the place follows.
    throw new CliError('E_CONFIG', `'${file}' is not valid YAML: ${wordsOf(error).split('\n')[0]?.replace(/:$/, '')}`)
  }
  return checkContexts(file, data)
}

function checkContexts(file: string, data: unknown): Contexts {
  const faults: string[] = []
  const root = mapOf('the file', data, faults)
  tellUnknown('', root, ['current', 'contexts'], faults)
  const contexts = Object.entries(mapOf('contexts', root['contexts'], faults)).map(([name, value]) =>
    toContext(file, name, mapOf(`contexts.${name}`, value, faults), faults),
  )
  const current = root['current'] ?? null
  if (current !== null && !contexts.some((one) => one.name === current))
    faults.push(`current: there is no context ${JSON.stringify(current)}`)
  if (faults.length > 0) throw new CliError('E_CONFIG', `'${file}' has ${faults.length} fault(s)`, { details: faults })
  return { file, current: current as string | null, contexts }
}

function toContext(file: string, name: string, data: Readonly<Record<string, unknown>>, faults: string[]): Context {
  tellUnknown(`contexts.${name}.`, data, ['fleet', 'psk', 'key', 'peers', 'pool'], faults)
  const text = (key: string): string => {
    const value = data[key]
    if (typeof value === 'string' && value !== '') return value
    faults.push(`contexts.${name}.${key}: found ${JSON.stringify(value) ?? 'nothing'}; allowed: text`)
    return ''
  }
  const path = (key: string): string => {
    const value = text(key)
    return isAbsolute(value) ? value : join(dirname(file), value)
  }
  const peers = data['peers'] ?? []
  if (!Array.isArray(peers) || !peers.every((peer) => typeof peer === 'string')) {
    faults.push(`contexts.${name}.peers: found ${JSON.stringify(peers)}; allowed: a list of addresses`)
  }
  const fleet = text('fleet')
  if (fleet !== '' && !/^[0-9a-f]{64}$/.test(fleet)) faults.push(`contexts.${name}.fleet: found '${fleet}'; allowed: 64 hex digits`)
  const pool = data['pool'] === undefined ? null : text('pool')
  return { name, fleet, pskFile: path('psk'), keyFile: path('key'), peers: Array.isArray(peers) ? peers.map(String) : [], pool }
}

function tellUnknown(where: string, data: Readonly<Record<string, unknown>>, known: readonly string[], faults: string[]): void {
  for (const key of Object.keys(data)) {
    if (known.includes(key)) continue
    const near = nearest(key, known)
    const hint = near === null ? `; allowed: ${known.join(', ')}` : ` (did you mean '${near}'?)`
    faults.push(`${where}${key}: found an unknown key${hint}`)
  }
}

/** Nothing there is an empty map: a file that has been emptied is no fault. */
function mapOf(where: string, value: unknown, faults: string[]): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  if (value !== null && value !== undefined) faults.push(`${where}: found ${JSON.stringify(value)}; allowed: a map`)
  return {}
}

/** Written beside its place and renamed, so that a full disk cannot leave half a file. */
export async function writeContexts({ file, current, contexts }: Contexts): Promise<void> {
  const relative = (path: string): string => (path.startsWith(dirname(file) + '/') ? path.slice(dirname(file).length + 1) : path)
  const data = {
    current,
    contexts: Object.fromEntries(
      contexts.map(({ name, fleet, pskFile, keyFile, peers, pool }) => [
        name,
        { fleet, psk: relative(pskFile), key: relative(keyFile), peers, ...(pool !== null && { pool }) },
      ]),
    ),
  }
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(`${file}.new`, stringify(data), { mode: 0o600 })
    await rename(`${file}.new`, file)
  } catch (error) {
    throw new CliError('E_FILE', `cannot write '${file}': ${wordsOf(error)}`)
  }
}
