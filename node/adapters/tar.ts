// A tar archive (POSIX ustar), everything in it root's: packages and user-data are made without root, and with no program but this one.
// Containers are given files in one, too.

import { createReadStream } from 'node:fs'

export type TarEntry = {
  /** At most 100 bytes; a folder's ends with a slash. */
  readonly path: string
  readonly mode: number
} & ({ readonly kind: 'folder' } | { readonly kind: 'file'; readonly bytes: Uint8Array } | { readonly kind: 'link'; readonly to: string })

const blockBytes = 512
const pathBytesMax = 100
const typeOf = { file: '0', link: '2', folder: '5' } as const

/** A file that is read as it is packed: `size` bytes of it. */
export interface StoredEntry {
  readonly kind: 'stored'
  readonly path: string
  readonly mode: number
  readonly from: string
  readonly size: number
}

/** The same for what does not fit into memory. Throws when a file has become shorter. */
export async function* tarStream(entries: readonly (TarEntry | StoredEntry)[], madeAt: number): AsyncGenerator<Uint8Array> {
  for (const entry of entries) {
    if (entry.kind !== 'stored') {
      yield header(entry, madeAt)
      if (entry.kind === 'file') yield padded(entry.bytes)
      continue
    }
    const { path, mode, from, size } = entry
    yield header({ kind: 'file', path, mode, bytes: { length: size } }, madeAt)
    let read = 0
    // A file of no bytes has no last one.
    if (size > 0)
      for await (const chunk of createReadStream(from, { end: size - 1 })) {
        read += (chunk as Buffer).length
        yield chunk as Buffer
      }
    if (read < size) throw new Error(`'${from}' became shorter while it was read`)
    yield Buffer.alloc(padding(size))
  }
  yield Buffer.alloc(2 * blockBytes)
}

/** `madeAt`: seconds since 1970; every entry says so. */
export function tar(entries: readonly TarEntry[], madeAt: number): Uint8Array {
  const parts = entries.flatMap((entry) => (entry.kind === 'file' ? [header(entry, madeAt), padded(entry.bytes)] : [header(entry, madeAt)]))
  return Buffer.concat([...parts, Buffer.alloc(2 * blockBytes)])
}

/** Of a file only its size is told. */
type Headed = Exclude<TarEntry, { kind: 'file' }> | { kind: 'file'; path: string; mode: number; bytes: { readonly length: number } }

function header(entry: Headed, madeAt: number): Buffer {
  const block = Buffer.alloc(blockBytes)
  const put = (text: string, at: number): void => void block.write(text, at, 'utf8')
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0')
  for (const path of [entry.path, entry.kind === 'link' ? entry.to : ''])
    if (Buffer.byteLength(path) > pathBytesMax) throw new Error(`'${path}' is too long for an archive`)
  put(entry.path, 0)
  put(octal(entry.mode, 7), 100)
  put(octal(0, 7), 108)
  put(octal(0, 7), 116)
  put(octal(entry.kind === 'file' ? entry.bytes.length : 0, 11), 124)
  put(octal(madeAt, 11), 136)
  put(' '.repeat(8), 148)
  put(typeOf[entry.kind], 156)
  if (entry.kind === 'link') put(entry.to, 157)
  put('ustar', 257)
  put('00', 263)
  put('root', 265)
  put('root', 297)
  // The sum of the header's bytes, its own place counted as spaces.
  put(
    `${octal(
      block.reduce((sum, byte) => sum + byte, 0),
      6,
    )}\0 `,
    148,
  )
  return block
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(padding(bytes.length))])
}

function padding(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes
}
