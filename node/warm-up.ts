// Does once, with a document that nobody keeps, what the core does with every change: the first call of the CRDT's compiled code costs
// ten times a later one, and must not fall into a step (DESIGN 13) while peers wait for an answer. It changes nothing.

import { randomBytes } from 'node:crypto'
import { setImmediate as turn } from 'node:timers/promises'

import type { Crypto } from '../crdt/crypto.ts'
import { nodeFromRegisters, nodeToRegisters } from '../crdt/documents/node.ts'
import { admit } from '../crdt/gate.ts'
import { type FleetId, type NodeId, type PoolName, nodeDocId } from '../crdt/ids.ts'
import { decodeDoc, editDoc, emptyDoc, encodeDoc } from '../crdt/replica.ts'
import type { KeyPair } from './adapters/keys.ts'

export async function warmUp(crypto: Crypto, key: KeyPair, fleet: FleetId): Promise<void> {
  const self = key.id as NodeId
  const author = { id: key.id, signer: key.signer, nonce: new Uint8Array(randomBytes(16)), fleet }
  const blank = emptyDoc(crypto, nodeDocId(self), 'warm-up' as PoolName)
  await turn()
  const first = editDoc(
    crypto,
    blank,
    author,
    nodeToRegisters({ ...nodeFromRegisters(self, new Map()), name: 'warm-up', pool: blank.pool }),
  )
  await turn()
  const second = editDoc(crypto, first.doc, author, new Map([['name', 'warm']]))
  await turn()
  let doc = blank
  for (const envelope of [...first.envelopes, ...second.envelopes]) {
    const admitted = admit(crypto, doc.changeCount === 0 ? undefined : doc, envelope.bytes, { fleet, rights: undefined })
    if (admitted.ok) doc = admitted.value.doc
    await turn()
  }
  decodeDoc(crypto, encodeDoc(doc))
}
