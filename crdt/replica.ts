// Documents: making an empty one, writing to it, keeping it, looking back. The entry point for everyone who is not the gate; the
// parts are in the `replica-*.ts` files, and `replica-handle.ts` is the only one that imports Automerge.

import type { Crypto } from './crypto.ts'
import type { Doc } from './doc.ts'
import { assert } from './errors.ts'
import { genesisOf } from './genesis.ts'
import { type DocId, type DocKind, type Epoch, type PoolName, parseDocId } from './ids.ts'
import { saveGenesis } from './replica-handle.ts'
import { digestOf } from './replica-state.ts'

export { type Edited, editDoc } from './replica-edit.ts'
export { type HistoryEntry, historyOf, registersAt } from './replica-history.ts'
export { decodeDoc, encodeDoc } from './replica-record.ts'

/** Always the same bytes for a kind, so made once. */
const savedGenesis = new Map<DocKind, Uint8Array>()

function savedGenesisOf(kind: DocKind): Uint8Array {
  const known = savedGenesis.get(kind)
  if (known !== undefined) return known
  const saved = saveGenesis(kind)
  savedGenesis.set(kind, saved)
  return saved
}

/** A document to which nobody has written yet: equal everywhere, but for its name, pool and epoch. */
export function emptyDoc(crypto: Crypto, id: DocId, pool: PoolName, epoch: Epoch = 1, base: number = 0): Doc {
  const parsed = parseDocId(id)
  assert(parsed.ok, 'a document id is parsed before it gets here')
  const { kind } = parsed.value
  const heads = [genesisOf[kind].hash]
  return {
    id,
    kind,
    pool,
    epoch,
    saved: savedGenesisOf(kind),
    registers: new Map(),
    conflicts: new Map(),
    heads,
    digest: digestOf(crypto, epoch, heads),
    base,
    changeCount: 0,
    clock: new Map(),
    envelopes: [],
  }
}
