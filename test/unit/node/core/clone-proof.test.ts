// What a board keeps of other machines with its key is bounded, however often they begin anew.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Doc } from '../../../../crdt/doc.ts'
import { bootId } from '../../../../crdt/documents/clones.ts'
import { nodeDocId } from '../../../../crdt/ids.ts'
import { emptyDoc } from '../../../../crdt/replica.ts'
import { hearOwnChange } from '../../../../node/core/clone-proof.ts'
import { coreLimits } from '../../../../node/core/limits.ts'
import { createWorld, crypto } from '../../../support/world.ts'

test('a machine that proves itself under another boot each time: the newest of them are kept, and the board itself', () => {
  const world = createWorld(1)
  world.bootAll()
  const [board] = [...world.boards.values()]
  const state = board!.core!.state!
  const self = bootId(state.author.nonce)
  state.epochJumps = { count: 1, nextAt: 0 }
  const own = emptyDoc(crypto, nodeDocId(board!.spec.id), state.boot.config.pool)
  const naming: Doc = { ...own, registers: new Map([[`x/heard/${self}`, true]]) }
  const nonces = Array.from({ length: 3 * coreLimits.clonesKnownMax }, (_, index) => new Uint8Array(16).fill(index + 1))
  for (const nonce of nonces) hearOwnChange({ state, now: world.queue.now, out: [], env: { crypto } } as never, { nonce }, naming)
  const kept = nonces.slice(-coreLimits.clonesKnownMax).map(bootId)
  assert.deepEqual([...state.clones.known.keys()], [self, ...kept])
  assert.ok(state.clones.heard.size <= coreLimits.bootsHeardMax)
})
