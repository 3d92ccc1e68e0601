// Certificates: what is signed is what is read, and nothing else passes.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { type CertifiedNode, certificateBytesMax, checkCertificate, signCertificate } from '../../../../crdt/admission/certificate.ts'
import type { FleetId, PoolName, TokenId } from '../../../../crdt/ids.ts'
import { testCrypto, testSigner } from '../../../support/crypto.ts'

const crypto = testCrypto()
const fleet = 'ab'.repeat(32) as FleetId
const [board, token] = [testSigner(1), testSigner(2)]
const certified: CertifiedNode = {
  fleet,
  node: board.node,
  pool: 'shop-17' as PoolName,
  name: 'till 3',
  labels: { zone: 'b', floor: '2', __proto: '' },
}
const bytes = signCertificate(certified, token.signer)
const codeOf = (given: Uint8Array, of: FleetId = fleet): string => {
  const checked = checkCertificate(crypto, of, given)
  return checked.ok ? 'ok' : checked.code
}

test('what was signed is read again, by whom included', () => {
  const checked = checkCertificate(crypto, fleet, bytes)
  assert.ok(checked.ok)
  assert.deepEqual(checked.value, { ...certified, token: token.id as string as TokenId })
})

test('the order of labels does not matter to who signs, and does to who reads', () => {
  const turned = { ...certified, labels: Object.fromEntries(Object.entries(certified.labels).toReversed()) }
  assert.deepEqual(signCertificate(turned, token.signer), bytes)
})

test('no byte can be another one, and none may be missing or follow', () => {
  for (const index of bytes.keys()) {
    const other = bytes.slice()
    other[index]! ^= 1
    assert.equal(codeOf(other), 'E_CERTIFICATE', `byte ${index}`)
    assert.equal(codeOf(bytes.subarray(0, index)), 'E_CERTIFICATE', `cut at ${index}`)
  }
  assert.equal(codeOf(new Uint8Array([...bytes, 0])), 'E_CERTIFICATE')
  assert.equal(codeOf(new Uint8Array(certificateBytesMax + 1)), 'E_CERTIFICATE')
})

test('a certificate is of one fleet', () => {
  assert.equal(codeOf(bytes, 'cd'.repeat(32) as FleetId), 'E_CERTIFICATE')
})

test('what nobody could show is not signed', () => {
  const signs = (other: Partial<CertifiedNode>) => () => signCertificate({ ...certified, ...other }, token.signer)
  assert.throws(signs({ pool: 'Not a pool' as PoolName }))
  assert.throws(signs({ name: 'two\nlines' }))
  assert.throws(signs({ name: 'x'.repeat(300) }))
  assert.throws(signs({ labels: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`label${index}`, ''])) }))
  assert.throws(signs({ fleet: 'ab' as FleetId }))
})
