// A stored record: four bytes of checksum over key and value, then the value. The key is part of it, so that a value that turns up
// under another key (a swapped block) counts as damaged too. LevelDB's own checksums cover blocks and are not verified on reads.

import { crc32 } from 'node:zlib'

const checksumBytes = 4

export function sealRecord(key: string, value: Uint8Array): Uint8Array {
  const record = new Uint8Array(checksumBytes + value.length)
  new DataView(record.buffer).setUint32(0, checksumOf(key, value))
  record.set(value, checksumBytes)
  return record
}

/** The value, or undefined when the record is damaged. */
export function openRecord(key: string, record: Uint8Array): Uint8Array | undefined {
  if (record.length < checksumBytes) return undefined
  // Not `subarray`: a Buffer would stay one, and `Buffer.slice` shares memory where `Uint8Array.slice` copies.
  const value = new Uint8Array(record.buffer, record.byteOffset + checksumBytes, record.length - checksumBytes)
  const checksum = new DataView(record.buffer, record.byteOffset, checksumBytes).getUint32(0)
  return checksum === checksumOf(key, value) ? value : undefined
}

function checksumOf(key: string, value: Uint8Array): number {
  // zlib forgets the running sum when it is handed nothing.
  return value.length === 0 ? crc32(key) : crc32(value, crc32(key))
}
