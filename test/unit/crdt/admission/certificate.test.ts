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
const signed = signCertificate(certified, token.signer)
assert.ok(signed.ok)
const bytes = signed.value
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
  assert.deepEqual(signCertificate(turned, token.signer), signed)
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

test('what people chose and nobody could show is refused in words, and no signature is made', () => {
  const labels = (count: number, length: number): Record<string, string> =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`label${index}`, 'x'.repeat(length)]))
  const faults: readonly (readonly [Partial<CertifiedNode>, RegExp])[] = [
    [{ pool: 'Not a pool' as PoolName }, /'Not a pool' is not the name of a pool/],
    [{ name: 'two\nlines' }, /'two lines': a name or a label/],
    [{ name: 'x'.repeat(257) }, /at most 256 bytes/],
    [{ labels: { half: '\ud800' } }, /a name or a label/],
    [{ labels: labels(17, 0) }, /17 labels; at most 16/],
    [{ labels: labels(9, 250) }, /too long: 2\d{3} bytes in all, at most 2048/],
  ]
  for (const [other, words] of faults) {
    const made = signCertificate({ ...certified, ...other }, token.signer)
    assert.ok(!made.ok && made.code === 'E_CERTIFICATE')
    assert.match(made.message, words)
  }
})

test('the fleet and the key are no choice of anybody', () => {
  assert.throws(() => signCertificate({ ...certified, fleet: 'ab' as FleetId }, token.signer))
})
