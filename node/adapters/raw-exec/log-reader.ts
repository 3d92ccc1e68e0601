// Reads a task's output across its rotated files, from the end or from the beginning, and goes on while the task writes. Each
// look is one uninterrupted step (list, open, read), so that a rotation in this process is seen either before or after it.

import { closeSync, openSync, readSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LogOptions } from '../../core/ports.ts'
import { type LogPiece, logPieces } from './log-files.ts'

// Small enough to be read from the page cache in well under a millisecond.
const readBytes = 64 * 1024
// A person who watches a log does not see the difference to at once.
const followMs = 200

/** `isOpen`: whether more may come; asked before each look, so that what was written last is still read. */
export async function* readLog(path: string, options: LogOptions, isOpen: () => boolean): AsyncGenerator<Uint8Array> {
  let position = firstPosition(logPieces(path), options.tailBytes)
  while (!options.signal.aborted) {
    const mayGrow = options.follow && isOpen()
    const found = readAt(path, position)
    position = found.next
    if (found.bytes.length > 0) yield found.bytes
    else if (!mayGrow) return
    else await sleep(followMs, undefined, { signal: options.signal }).catch(() => undefined)
  }
}

function firstPosition(pieces: readonly LogPiece[], tailBytes: number | null): number {
  const first = pieces[0]?.start ?? 0
  return tailBytes === null ? first : Math.max(first, endOf(pieces) - tailBytes)
}

function endOf(pieces: readonly LogPiece[]): number {
  const last = pieces.at(-1)
  return last === undefined ? 0 : last.start + last.bytes
}

function readAt(path: string, position: number): { readonly bytes: Uint8Array; readonly next: number } {
  const pieces = logPieces(path)
  // What the position names may be dropped by now: go on with the oldest that is left.
  const piece = pieces.find((one) => position < one.start + one.bytes)
  // Somebody else cut the file back: what it holds now is new.
  if (piece === undefined) return { bytes: new Uint8Array(), next: Math.min(position, endOf(pieces)) }
  const from = Math.max(position, piece.start)
  const buffer = Buffer.allocUnsafe(Math.min(readBytes, piece.start + piece.bytes - from))
  const got = readOnce(piece.path, buffer, from - piece.start)
  return { bytes: buffer.subarray(0, got), next: from + got }
}

function readOnce(path: string, buffer: Buffer, at: number): number {
  try {
    const file = openSync(path, 'r')
    try {
      return readSync(file, buffer, 0, buffer.length, at)
    } finally {
      closeSync(file)
    }
  } catch {
    return 0
  }
}
