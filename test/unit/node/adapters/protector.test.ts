// The outermost layer of connections: byte for byte what libp2p's pnet sends, however many connections there have been.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import '../../../../node/polyfill.ts'
import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { KeyRing } from '../../../../node/adapters/libp2p/key-ring.ts'
import { protector } from '../../../../node/adapters/libp2p/protector.ts'
import { xsalsa20Stream } from '../../../../node/adapters/libp2p/xsalsa20.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

async function protectedPair(): Promise<MultiaddrConnection[]> {
  const guard = protector(new KeyRing([new Uint8Array(32).fill(7)]))()
  return await Promise.all(multiaddrConnectionPair().map(async (end) => (await guard.protect(end)) as MultiaddrConnection))
}

async function arrives(from: MultiaddrConnection, to: MultiaddrConnection, bytes: Uint8Array): Promise<void> {
  const came = new Promise<Uint8Array>((resolve) => {
    to.addEventListener('message', ({ data }) => resolve(data.subarray()), { once: true })
  })
  from.send(bytes)
  assert.deepEqual(Buffer.from(await came), Buffer.from(bytes))
}

test('the cipher is XSalsa20, in whatever pieces it is given its bytes', () => {
  // NaCl's test vector: crypto_stream_xsalsa20 (tests/stream3.c).
  const key = Buffer.from('1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389', 'hex')
  const nonce = Buffer.from('69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37', 'hex')
  const whole = xsalsa20Stream(nonce, key)(new Uint8Array(5000))
  assert.equal(hex(whole.subarray(0, 32)), 'eea6a7251c1e72916d11c2cb214d3c252539121d8e234e652d651fa4c8cff880')
  const pieces = xsalsa20Stream(nonce, key)
  assert.equal(hex(Buffer.concat([1, 0, 63, 64, 65, 1023, 1024, 1025, 1735].map((size) => pieces(new Uint8Array(size))))), hex(whole))
})

test('a connection goes on, and new ones are made, after thousands that came to nothing', async () => {
  const [a, b] = (await protectedPair()) as [MultiaddrConnection, MultiaddrConnection]
  await arrives(a, b, Buffer.from('before'))
  for (let strangers = 0; strangers < 2_600; strangers++) for (const end of await protectedPair()) end.abort(new Error('a stranger'))
  for (let messages = 0; messages < 100; messages++) {
    await arrives(a, b, Buffer.from(`to ${messages}`))
    await arrives(b, a, Buffer.from(`fro ${messages}`))
  }
  await arrives(...((await protectedPair()) as [MultiaddrConnection, MultiaddrConnection]), Buffer.from('after'))
})
