// Bytes in and out: the one codec for everything that travels or is stored (envelopes, frames, link states, records). Numbers are
// unsigned LEB128 and must be in their shortest form, so that a value has exactly one encoding. Every read is bounded by what
// is there and by a limit of the caller. A Reader throws CodecError and nothing else; `decodeWith` turns that into a refusal.

import { type Result, assert, ok, refuse } from './errors.ts'

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

export class CodecError extends Error {
  static readonly code = 'E_FRAME'
  readonly code = CodecError.code
  override readonly name = 'CodecError'
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

export class Writer {
  #buffer = new Uint8Array(256)
  #length = 0

  get length(): number {
    return this.#length
  }

  u8(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 255, 'u8 holds 0 to 255')
    this.#room(1)
    this.#buffer[this.#length++] = value
    return this
  }

  /** Non-negative integers up to 2^53 − 1. */
  varint(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, 'varint holds 0 to 2^53 - 1')
    this.#room(8)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#length++] = rest
    return this
  }

  text(value: string): this {
    return this.bytes(encoder.encode(value))
  }

  /** With its length before it. */
  bytes(value: Uint8Array): this {
    return this.varint(value.length).raw(value)
  }

  /** Without its length: the reader must know it. */
  raw(value: Uint8Array): this {
    this.#room(value.length)
    this.#buffer.set(value, this.#length)
    this.#length += value.length
    return this
  }

  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length)
  }

  #room(count: number): void {
    if (this.#length + count <= this.#buffer.length) return
    const grown = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + count))
    grown.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = grown
  }
}

export class Reader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get remaining(): number {
    return this.#bytes.length - this.#at
  }

  u8(): number {
    const value = this.#bytes[this.#at]
    if (value === undefined) throw new CodecError('ends too early')
    this.#at++
    return value
  }

  varint(max: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0
    let scale = 1
    for (let read = 0; read < 8; read++) {
      const byte = this.u8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (byte === 0 && read > 0) throw new CodecError('number is not in its shortest form')
        if (value > max) throw new CodecError(`number ${value} is above ${max}`)
        return value
      }
      scale *= 0x80
    }
    throw new CodecError('number is too long')
  }

  text(bytesMax: number): string {
    const bytes = this.bytes(bytesMax)
    // TextDecoder swallows a byte order mark; here text comes back as it was written.
    const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? '\u{feff}' : ''
    try {
      return mark + decoder.decode(bytes)
    } catch {
      throw new CodecError('text is not UTF-8')
    }
  }

  /** A view, not a copy: whoever keeps it for long keeps the whole input. */
  bytes(bytesMax: number): Uint8Array {
    return this.raw(this.varint(bytesMax))
  }

  raw(count: number): Uint8Array {
    if (count > this.remaining) throw new CodecError(`${count} bytes announced, ${this.remaining} left`)
    const part = this.#bytes.subarray(this.#at, this.#at + count)
    this.#at += count
    return part
  }

  /** Everything must have been read: trailing bytes are a second encoding of the same thing. */
  end(): void {
    if (this.remaining !== 0) throw new CodecError(`${this.remaining} bytes too many`)
  }
}

/** Runs a decoder over a stranger's bytes, to their very end. Other errors than CodecError are bugs and pass through. */
export function decodeWith<T>(bytes: Uint8Array, decode: (reader: Reader) => T): Result<T, 'E_FRAME'> {
  const reader = new Reader(bytes)
  try {
    const value = decode(reader)
    reader.end()
    return ok(value)
  } catch (error) {
    if (error instanceof CodecError) return refuse('E_FRAME', error.message)
    throw error
  }
}
