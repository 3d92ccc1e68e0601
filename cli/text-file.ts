// Reads a file, mostly of text, that somebody names on the command line. What is given by accident must neither fill the memory (a device, a
// video) nor be altered in silence (a text in another encoding than UTF-8).

import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { CliError, interrupted, wordsOf } from './errors.ts'
import type { Io } from './io.ts'
import { jobFileLimits } from './job-file/limits.ts'

/** `-` is stdin. Throws E_FILE with the reason. */
export async function readTextFile(io: Io, file: string): Promise<string> {
  const bytes = await readWholeFile(io, file)
  if (isUtf8(bytes)) return bytes.toString('utf8')
  const hint = 'save it as UTF-8, or name the right file'
  throw new CliError('E_FILE', `${nameOf(file)}:${firstStrangeLine(bytes)}: found bytes that are not UTF-8`, { hint })
}

/** The same of any bytes. */
export async function readWholeFile(io: Io, file: string): Promise<Buffer> {
  const name = nameOf(file)
  let bytes: Buffer
  try {
    bytes = await readBytes(file === '-' ? io.stdin() : createReadStream(file, { signal: io.signal }))
  } catch (error) {
    if (io.signal.aborted) throw interrupted()
    throw new CliError('E_FILE', `cannot read '${name}': ${wordsOf(error)}`)
  }
  const { fileBytesMax } = jobFileLimits
  if (bytes.length > fileBytesMax) throw new CliError('E_FILE', `'${name}' is longer than ${fileBytesMax} bytes: is it the right file?`)
  return bytes
}

function nameOf(file: string): string {
  return file === '-' ? 'stdin' : file
}

/** Reads no further than what shows that the file is too long. */
async function readBytes(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of stream) {
    parts.push(part as Buffer)
    length += (part as Buffer).length
    if (length > jobFileLimits.fileBytesMax) break
  }
  return Buffer.concat(parts)
}

function firstStrangeLine(bytes: Buffer): number {
  let line = 1
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(10, start)
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) break
    start = end + 1
  }
  return line
}
