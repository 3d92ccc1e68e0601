// Documents for tests, edited and merged the way the product does it: signed by an author, admitted by the gate.

import type { Doc } from '../../crdt/doc.ts'
import type { Author, Envelope } from '../../crdt/envelope.ts'
import { grantOfRole } from '../../crdt/rights/grant.ts'
import { admit } from '../../crdt/gate.ts'
import type { DocId, FleetId, PoolName } from '../../crdt/ids.ts'
import type { Registers, Scalar } from '../../crdt/registers.ts'
import { editDoc, emptyDoc } from '../../crdt/replica.ts'
import { testCrypto, testSigner } from './crypto.ts'
import { rightsOf } from './envelopes.ts'

const crypto = testCrypto()
const fleet = 'f'.repeat(64) as FleetId

export const testPool = 'default' as PoolName

export interface Edited {
  readonly doc: Doc
  readonly envelopes: readonly Envelope[]
}

/** `boot` makes another actor of the same author. */
export function testAuthor(seed: number, boot = 0): Author {
  const { id, signer } = testSigner(seed)
  return { id: id, signer, nonce: new Uint8Array(16).fill(boot), fleet }
}

export function newDoc(id: string, pool: string = testPool): Doc {
  return emptyDoc(crypto, id as DocId, pool as PoolName)
}

export function edit(doc: Doc, seed: number, changes: Registers | Readonly<Record<string, Scalar>>): Edited {
  const map = changes instanceof Map ? changes : new Map(Object.entries(changes))
  return editDoc(crypto, doc, testAuthor(seed), map)
}

/** What a node that has `doc` holds once it has also got these envelopes. */
export function merge(doc: Doc, ...others: readonly Edited[]): Doc {
  return others
    .flatMap((other) => other.envelopes)
    .reduce((merged, envelope) => {
      const admitted = admit(crypto, merged, envelope.bytes, {
        fleet,
        rights: rightsOf(new Map([[envelope.author, grantOfRole('operator')]])),
      })
      if (!admitted.ok) throw new Error(`${admitted.code}: ${admitted.message}`)
      return admitted.value.doc
    }, doc)
}
