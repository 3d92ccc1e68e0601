// What the fleet document says of pre-shared keys, and which of those that somebody holds are used.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pskDigest, pskFromRegisters, pskPaths, usablePsks } from '../../../../crdt/documents/psk.ts'
import type { FleetId } from '../../../../crdt/ids.ts'
import type { Scalar } from '../../../../crdt/registers.ts'
import { testCrypto } from '../../../support/crypto.ts'

const digest = (letter: string): string => letter.repeat(64)
const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'].map(digest) as [string, string, string, string, string]

test('open keys come newest first, of two of one generation in one order everywhere; closed ones and oddities are none', () => {
  const registers = new Map<string, Scalar>([
    [pskPaths.opened(a), 1],
    [pskPaths.opened(b), 3],
    [pskPaths.opened(c), 3],
    [pskPaths.opened(d), 2],
    [pskPaths.closed(d), 1],
    [pskPaths.opened('short'), 9],
    [pskPaths.opened(e), 'words'],
    [`${pskPaths.opened(e)}/more`, 9],
    [pskPaths.closed(e), null],
  ])
  assert.deepEqual(pskFromRegisters(registers), { open: [c, b, a], closed: new Set([d]), generation: 3 })
})

test('used are those that are open, then those of which nothing is said; closed ones by whoever has nothing else', () => {
  const said = { open: [c, b], closed: new Set([a]), generation: 3 }
  assert.deepEqual(usablePsks(said, [a, b, c]), [c, b])
  assert.deepEqual(usablePsks(said, [e, b]), [b, e])
  assert.deepEqual(usablePsks(said, [a]), [a])
})

test('of more than three the oldest stays: those who were away know that one', () => {
  assert.deepEqual(usablePsks({ open: [d, c, b, a], closed: new Set(), generation: 4 }, [a, b, c, d]), [d, c, a])
})

test('a digest names the key of one fleet alone', () => {
  const psk = new Uint8Array(32).fill(7)
  const [one, other] = ['1', '2'].map((name) => pskDigest(testCrypto(), name.repeat(64) as FleetId, psk))
  assert.match(one!, /^[0-9a-f]{64}$/)
  assert.notEqual(one, other)
})
