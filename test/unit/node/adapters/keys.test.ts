import { test } from 'node:test'
import assert from 'node:assert/strict'
import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { isPeerId } from '../../../../crdt/ids.ts'
import { createCrypto, generateKeyPair, keyPairFromSeed, loadKey, loadOrCreateKey } from '../../../../node/adapters/keys.ts'

const message = new TextEncoder().encode('one wanted copy')

test("a key pair's id is libp2p's PeerId of the same seed", async () => {
  for (let i = 0; i < 20; i++) {
    const key = generateKeyPair()
    const theirs = peerIdFromPrivateKey(await generateKeyPairFromSeed('Ed25519', key.seed)).toString()
    assert.equal(key.id, theirs)
    assert.ok(isPeerId(key.id))
  }
})

test('a signature verifies with its key and its message only', () => {
  const crypto = createCrypto()
  const [a, b] = [generateKeyPair(), generateKeyPair()]
  const signature = a.signer.sign(message)
  assert.equal(crypto.verify(a.signer.publicKey, message, signature), true)
  assert.equal(crypto.verify(b.signer.publicKey, message, signature), false)
  assert.equal(crypto.verify(a.signer.publicKey, message.subarray(1), signature), false)
  signature[3] = (signature[3] ?? 0) ^ 1
  assert.equal(crypto.verify(a.signer.publicKey, message, signature), false)
})

test('RFC 8032, test vector 2', () => {
  const key = keyPairFromSeed(Buffer.from('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb', 'hex'))
  assert.equal(Buffer.from(key.signer.publicKey).toString('hex'), '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
  const expected =
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'
  assert.equal(Buffer.from(key.signer.sign(Uint8Array.of(0x72))).toString('hex'), expected)
})

test('malformed keys and signatures are false, never a throw', () => {
  const crypto = createCrypto()
  const shapes = [0, 1, 31, 32, 33, 63, 64, 65, 1000]
  for (const keyLength of shapes) {
    for (const signatureLength of shapes) {
      for (const fill of [0, 1, 0x7f, 0xff]) {
        const verified = crypto.verify(new Uint8Array(keyLength).fill(fill), message, new Uint8Array(signatureLength).fill(fill))
        assert.equal(typeof verified, 'boolean')
        if (keyLength !== 32 || signatureLength !== 64) assert.equal(verified, false)
      }
    }
  }
})

test('more keys than the cache holds still verify', () => {
  const crypto = createCrypto()
  const keys = Array.from({ length: 1100 }, () => generateKeyPair())
  const signatures = keys.map((key) => key.signer.sign(message))
  for (const round of [0, 1]) {
    keys.forEach((key, i) => assert.ok(crypto.verify(key.signer.publicKey, message, signatures[i]!), `round ${round} key ${i}`))
  }
})

test('the key file: created once with mode 0600, the same key for racing processes, clear refusals', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'shoal-keys-'))
  t.after(() => rm(folder, { recursive: true }))
  const path = join(folder, 'new', 'node.key')
  const racing = await Promise.all([loadOrCreateKey(path), loadOrCreateKey(path), loadOrCreateKey(path)])
  const again = await loadOrCreateKey(path)
  for (const key of racing) assert.equal(key.id, again.id)
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.deepEqual(await readdir(join(folder, 'new')), ['node.key'])
  assert.match(await readFile(path, 'utf8'), /^-----BEGIN PRIVATE KEY-----\n/)

  const hexPath = join(folder, 'hex.key')
  await writeFile(hexPath, Buffer.from(again.seed).toString('hex') + '\n', { mode: 0o600 })
  assert.equal((await loadKey(hexPath)).id, again.id)

  await chmod(hexPath, 0o640)
  await assert.rejects(loadKey(hexPath), { code: 'E_KEY_MODE' })
  await chmod(hexPath, 0o600)
  await writeFile(hexPath, 'not a key')
  await assert.rejects(loadOrCreateKey(hexPath), { code: 'E_KEY_FORMAT' })
  assert.equal(await readFile(hexPath, 'utf8'), 'not a key')
  await assert.rejects(loadKey(join(folder, 'absent')), { code: 'E_KEY_FILE' })
  await assert.rejects(loadOrCreateKey(join(path, 'below-a-file', 'node.key')), { code: 'E_KEY_FILE' })
})
