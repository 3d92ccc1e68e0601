// How a dial failed, by the words of the system, of libp2p and of the simulator; and for how long.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressBook } from '../../../../../node/core/dialling/address-book.ts'
import { faultKind } from '../../../../../node/core/dialling/fault.ts'

for (const [words, kind] of [
  ['getaddrinfo ENOTFOUND board.example', 'name'],
  ['getaddrinfo EAI_AGAIN board.example', 'name'],
  ['the name cannot be looked up', 'name'],
  ['connect ECONNREFUSED 192.0.2.1:7420', 'refused'],
  ['connect EHOSTUNREACH 192.0.2.1:7420', 'unreachable'],
  ['no answer within 2000 ms', 'silent'],
  ['the handshake took longer than 60000 ms', 'handshake'],
  ['EncryptionFailedError: stream ended', 'handshake'],
  ['something else', 'other'],
] as const)
  test(`${words}: ${kind}`, () => assert.equal(faultKind(words), kind))

test('failures are one row until a dial succeeds; a connection that the other end made does not end it', () => {
  const book = new AddressBook()
  book.remember('p', ['/a'], true)
  const [entry] = book.entriesOf('p')
  assert.deepEqual(book.ways(0), [])
  book.ended(entry!, 'no answer', 1_000)
  book.ended(entry!, 'connect ECONNREFUSED', 5_000)
  book.reached('p')
  assert.deepEqual(book.ways(9_000), [
    {
      address: '/a',
      node: 'p',
      isBootstrap: false,
      fault: { kind: 'refused', words: 'connect ECONNREFUSED', sinceMs: 8_000, agoMs: 4_000, times: 2 },
    },
  ])
  book.ended(entry!, null, 10_000)
  assert.deepEqual(book.ways(10_000), [])
  book.addBootstrap('/b', undefined)
  assert.deepEqual(book.ways(10_000), [{ address: '/b', node: null, isBootstrap: true, fault: null }])
})
