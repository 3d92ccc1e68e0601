// Opens a LevelDB folder whatever state it is in: as it is, else repaired, else moved aside (never deleted) and begun anew. Says in
// words what was found broken. Only one agent may have it: the second is told so.

import { existsSync } from 'node:fs'
import { readFile, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'

import { ClassicLevel } from 'classic-level'

import { type Result, ok, refuse } from '../../crdt/errors.ts'
import { makeFolder } from './make-folder.ts'

export type Level = ClassicLevel<string, Uint8Array>
/** Hears in words what was found broken. */
export type Told = (words: string) => void
export type OpenFault = 'E_STORE_LOCKED' | 'E_STORE_BROKEN'

// A pool's records are a few MB and most are read once, at boot: LevelDB's defaults (8 MiB cache, 4 MiB write buffer, 1,000 files) are
// made for servers. The smaller buffer still gathers hours of an idle board's writes into one table.
const options = {
  keyEncoding: 'utf8',
  valueEncoding: 'view',
  cacheSize: 512 * 1_024,
  writeBufferSize: 1_024 * 1_024,
  maxOpenFiles: 64,
} as const

export async function openLevel(path: string, tell: Told): Promise<Result<Level, OpenFault>> {
  const tableOfContentsGone = await lacksCurrent(path)
  if (tableOfContentsGone) await repairLevel(path, tell)
  const first = await tryOpen(path, tell)
  if (first.ok || first.code !== 'E_STORE_DAMAGED') return first as Result<Level, OpenFault>
  tell(`the store was damaged: ${first.message}`)
  if (await repairLevel(path, tell)) {
    const second = await tryOpen(path, tell)
    if (second.ok) return second
  }
  const aside = await moveAside(path)
  tell(`the store could not be repaired; it was moved to ${aside} and a new one begun`)
  const fresh = await tryOpen(path, tell)
  return fresh.ok ? fresh : refuse('E_STORE_BROKEN', fresh.message)
}

/** True when LevelDB's repair went through; what it could not save is in the folder `lost`. */
export async function repairLevel(path: string, tell: Told): Promise<boolean> {
  try {
    await ClassicLevel.repair(path)
    tell('the store was repaired; what could not be read comes again from peers')
    return true
  } catch (error) {
    tell(`the repair failed: ${messageOf(error)}`)
    return false
  }
}

async function tryOpen(path: string, tell: Told): Promise<Result<Level, OpenFault | 'E_STORE_DAMAGED'>> {
  try {
    // Not left to the library, whose way of making folders never ends in /proc.
    await makeFolder(path, 0o700)
    const level: Level = new ClassicLevel<string, Uint8Array>(path, options)
    await level.open()
    for (const words of await droppedFromLog(path)) tell(words)
    return ok(level)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'LEVEL_LOCKED')
      return refuse('E_STORE_LOCKED', `another agent uses ${path}; stop it first, or give this one its own data_dir`)
    if (code === 'LEVEL_CORRUPTION') return refuse('E_STORE_DAMAGED', messageOf(error))
    return refuse('E_STORE_BROKEN', `cannot open the store in ${path}: ${messageOf(error)}`)
  }
}

/** LevelDB would take such a folder for a new database and delete the tables that it finds there. */
async function lacksCurrent(path: string): Promise<boolean> {
  if (!existsSync(path) || existsSync(join(path, 'CURRENT'))) return false
  const files = await readdir(path).catch(() => [])
  return files.some((file) => /\.(ldb|sst|log)$/.test(file))
}

/** LevelDB skips damaged parts of its log when it opens, and says so only in its own LOG file. */
async function droppedFromLog(path: string): Promise<string[]> {
  const text = await readFile(join(path, 'LOG'), 'utf8').catch(() => '')
  let bytes = 0
  for (const match of text.matchAll(/dropping (\d+) bytes; (.*)/g)) bytes += Number(match[1])
  return bytes === 0 ? [] : [`the end of the log was damaged: ${bytes} bytes were dropped; what they held comes again from peers`]
}

async function moveAside(path: string): Promise<string> {
  let n = 1
  while (existsSync(`${path}.broken-${n}`)) n++
  await rename(path, `${path}.broken-${n}`)
  return `${path}.broken-${n}`
}

function codeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined
  return cause?.code ?? (error as { code?: string }).code ?? ''
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
