import assert from 'node:assert/strict'
import { test } from 'node:test'

import { CodecError, Reader, Writer, decodeWith } from '../../../crdt/codec.ts'

test('what is written is read back, in order', () => {
  const written = new Writer().u8(7).varint(0).varint(127).varint(128).varint(Number.MAX_SAFE_INTEGER).text('grün ☃')
  const bytes = written
    .bytes(new Uint8Array([1, 2, 3]))
    .raw(new Uint8Array([9, 9]))
    .finish()
  const read = decodeWith(bytes, (reader) => [
    reader.u8(),
    reader.varint(),
    reader.varint(),
    reader.varint(),
    reader.varint(),
    reader.text(20),
    [...reader.bytes(3)],
    [...reader.raw(2)],
  ])
  assert.deepEqual(read, { ok: true, value: [7, 0, 127, 128, Number.MAX_SAFE_INTEGER, 'grün ☃', [1, 2, 3], [9, 9]] })
})

test('a long text grows the writer and comes back whole', () => {
  const text = 'abc'.repeat(10_000)
  assert.deepEqual(
    decodeWith(new Writer().text(text).finish(), (reader) => reader.text(30_000)),
    { ok: true, value: text },
  )
})

test('a byte order mark survives', () => {
  assert.deepEqual(
    decodeWith(new Writer().text('\u{feff}x').finish(), (reader) => reader.text(9)),
    { ok: true, value: '\u{feff}x' },
  )
})

const broken: [string, number[], (reader: Reader) => unknown][] = [
  ['no byte left', [], (reader) => reader.u8()],
  ['a number without its end', [0x80, 0x80], (reader) => reader.varint()],
  ['a number in a longer form than needed', [0x80, 0x00], (reader) => reader.varint()],
  ['a number beyond 2^53 - 1', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], (reader) => reader.varint()],
  ['a number of nine bytes', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1], (reader) => reader.varint()],
  ["a number above the caller's limit", [5], (reader) => reader.varint(4)],
  ['bytes that are announced but not there', [4, 1, 2], (reader) => reader.bytes(10)],
  ["bytes above the caller's limit", [4, 1, 2, 3, 4], (reader) => reader.bytes(3)],
  ['text that is not UTF-8', [2, 0xc3, 0x28], (reader) => reader.text(10)],
  ['bytes behind the end', [1, 2], (reader) => reader.u8()],
]

for (const [name, bytes, read] of broken) {
  test(`refused: ${name}`, () => {
    const result = decodeWith(Uint8Array.from(bytes), read)
    assert.equal(result.ok, false)
    assert.equal(!result.ok && result.code, 'E_FRAME')
  })
}

test('only CodecError becomes a refusal; a bug in a decoder stays one', () => {
  assert.throws(() => decodeWith(new Uint8Array(0), () => [].at(0)!['x']), TypeError)
  assert.throws(() => new Reader(new Uint8Array(0)).u8(), CodecError)
})

test('a writer refuses what it cannot hold', () => {
  assert.throws(() => new Writer().u8(256))
  assert.throws(() => new Writer().varint(-1))
  assert.throws(() => new Writer().varint(2 ** 53))
})
