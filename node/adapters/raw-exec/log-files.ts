// A task writes its output straight into a file, without a helper process in between. The file is kept small by copying what is
// in it into a numbered one and cutting it back to nothing. The number is the position of its first byte in everything that the
// stream ever wrote, so a reader's position stays true across rotations. A few bytes written during the cut may be lost.

import { closeSync, fstatSync, ftruncateSync, openSync, readSync, readdirSync, renameSync, rmSync, statSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { LogLimits, TaskFolder } from './record.ts'

export interface LogPiece {
  readonly path: string
  /** Position of its first byte in the whole stream. */
  readonly start: number
  readonly bytes: number
}

// Wide enough for any position that a number holds exactly, so that names sort like positions.
const digits = 16
const copyBytes = 256 * 1024

export function logPath(folder: TaskFolder, stream: 'stdout' | 'stderr'): string {
  return join(folder.root, `${stream}.log`)
}

/** Oldest first; the file being written comes last. */
export function logPieces(path: string): LogPiece[] {
  const prefix = `${basename(path)}.`
  const pieces: LogPiece[] = []
  for (const name of namesIn(dirname(path)).sort()) {
    const number = name.startsWith(prefix) ? name.slice(prefix.length) : ''
    if (!/^[0-9]{16}$/.test(number)) continue
    const piece = join(dirname(path), name)
    pieces.push({ path: piece, start: Number(number), bytes: sizeOf(piece) })
  }
  const last = pieces.at(-1)
  pieces.push({ path, start: last === undefined ? 0 : last.start + last.bytes, bytes: sizeOf(path) })
  return pieces
}

/** Rotates when the file has reached its size. What cannot be kept (disk full, one file asked for) is dropped. */
export async function rotateLog(path: string, limits: LogLimits): Promise<void> {
  if (sizeOf(path) < limits.maxFileBytes) return
  const source = openSync(path, 'r+')
  try {
    if (limits.maxFiles === 1) cutBack(path, source)
    else await moveOut(path, source, limits)
  } catch (error) {
    // Without room for a copy the bound still holds: better a short log than a board without a disk.
    if (fstatSync(source).size >= 2 * limits.maxFileBytes) cutBack(path, source)
    throw error
  } finally {
    closeSync(source)
    dropOldest(path, limits.maxFiles)
  }
}

/** Between the last byte copied and the cut nothing else happens in this process. */
async function moveOut(path: string, source: number, limits: LogLimits): Promise<void> {
  const { start } = activePiece(path)
  const parts: [string, number][] = []
  // What piled up while no agent ran is split into files of the right size, but for a rest that would make a scrap; what would
  // be dropped at once is not copied.
  let done = Math.max(0, fstatSync(source).size - limits.maxFiles * limits.maxFileBytes)
  for (; fstatSync(source).size - done >= 2 * limits.maxFileBytes; done += limits.maxFileBytes) {
    parts.push([await copyPart(path, source, done, limits.maxFileBytes), start + done])
  }
  // In the background, but for what comes in meanwhile: that short rest is taken at once.
  const rest = await copyPart(path, source, done, fstatSync(source).size - done)
  appendRest(rest, source, done)
  parts.push([rest, start + done])
  for (const [part, at] of parts) renameSync(part, numbered(path, at))
  ftruncateSync(source, 0)
}

/** Forgets what is in the file; a name without bytes keeps the position. */
function cutBack(path: string, source: number): void {
  const { start } = activePiece(path)
  closeSync(openSync(numbered(path, start + fstatSync(source).size), 'w', 0o600))
  ftruncateSync(source, 0)
}

async function copyPart(path: string, source: number, from: number, bytes: number): Promise<string> {
  const part = `${path}.part${from}`
  const target = await open(part, 'w', 0o600)
  try {
    const buffer = Buffer.allocUnsafe(Math.min(copyBytes, Math.max(bytes, 1)))
    for (let copied = 0; copied < bytes;) {
      const got = readSync(source, buffer, 0, Math.min(buffer.length, bytes - copied), from + copied)
      if (got === 0) break
      // Writing is the slow half on an SD card, and it leaves the loop free for others.
      await target.write(buffer, 0, got)
      copied += got
    }
  } finally {
    await target.close()
  }
  return part
}

function appendRest(part: string, source: number, from: number): void {
  const target = openSync(part, 'a')
  try {
    const buffer = Buffer.allocUnsafe(64 * 1024)
    for (let at = from + fstatSync(target).size; ;) {
      const got = readSync(source, buffer, 0, buffer.length, at)
      if (got === 0) return
      writeSync(target, buffer, 0, got)
      at += got
    }
  } finally {
    closeSync(target)
  }
}

function dropOldest(path: string, maxFiles: number): void {
  const old = logPieces(path).slice(0, -1)
  // The newest stays even when it holds nothing: its name tells where the stream is.
  for (const piece of old.slice(0, Math.max(0, old.length - Math.max(1, maxFiles - 1)))) rmSync(piece.path, { force: true })
  const unfinished = `${basename(path)}.part`
  for (const name of namesIn(dirname(path))) {
    if (name.startsWith(unfinished)) rmSync(join(dirname(path), name), { force: true })
  }
}

function activePiece(path: string): LogPiece {
  const pieces = logPieces(path)
  return pieces.at(-1) ?? { path, start: 0, bytes: 0 }
}

function numbered(path: string, start: number): string {
  return `${path}.${String(start).padStart(digits, '0')}`
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
