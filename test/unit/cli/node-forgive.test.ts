// Bans, and the word that ends one: the real commands against simulated boards.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeDocId } from '../../../crdt/ids.ts'
import { editDoc } from '../../../crdt/replica.ts'
import { encodeFrame } from '../../../node/core/wire.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { testSigner } from '../../support/crypto.ts'
import { bootPool } from '../../support/pool.ts'
import { crypto, fleet, operatorSeed } from '../../support/world.ts'

test('status and node status tell of a ban; node forgive ends it on the board that is asked, and says so', async () => {
  const { world, boards } = bootPool(4)
  const [judge, liar] = boards
  const cli = await cliOnWorld(world, () => judge!, operatorSeed, fleet, testSigner(operatorSeed).id)
  const { id, signer } = liar!.spec
  const author = { id, signer, nonce: new Uint8Array(16), fleet }
  const own = liar!.core!.state!.docs.get(nodeDocId(id))!
  const bytes = editDoc(crypto, own, author, new Map([['label/x', 'y']])).envelopes[0]!.bytes.slice()
  bytes[bytes.length - 1]! ^= 1
  try {
    assert.doesNotMatch((await cli.run(['status'])).stdout, /^b0 has banned/m)
    for (let n = 0; n < 3; n++) world.links.send(liar!, judge!.spec.id, encodeFrame({ kind: 'envelopes', envelopes: [bytes] }))
    world.run(1_000)
    assert.match((await cli.run(['status'])).stdout, /^b0 has banned b1 for another \d+s \(E_SIGNATURE\)$/m)
    assert.match((await cli.run(['node', 'status', 'b1'])).stdout, /^Banned +b0 has banned b1 for another /m)
    assert.doesNotMatch((await cli.run(['node', 'status', 'b2'])).stdout, /^Banned/m)
    const forgiven = await cli.run(['node', 'forgive', 'b1'])
    assert.deepEqual([forgiven.exitCode, forgiven.stdout], [0, 'b0 talks with b1 again\n'])
    const again = await cli.run(['node', 'forgive', 'b1'])
    assert.equal(again.exitCode, 1)
    assert.match(again.stderr, /^error E_NOT_BANNED: .*b0.*\nhint: .*shoal status/)
  } finally {
    await cli.close()
  }
})
