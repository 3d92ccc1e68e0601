// What this board thinks of its peers: in memory only, for itself alone. No document and no gossip tells of it, so nobody can have others
// banned; and a restart begins without a judgement, so nobody is locked out for longer than the longest ban.

import type { NodeId } from '../../../crdt/ids.ts'
import { type Bucket, fullBucket } from '../bucket.ts'
import { askRates, conductLimits } from './limits.ts'
import type { Offence } from './offences.ts'
import { type Points, noPoints } from './points.ts'

export interface Ban {
  /** What made it full. */
  readonly code: Offence
  readonly until: number
}

export interface ConductRecord {
  points: Points
  /** How many bans it has had, and when the last one ended or will end. */
  bans: number
  lastBanEnd: number
  readonly asks: Bucket
  readonly sends: Bucket
}

export interface Conduct {
  /** In the order in which peers first gave cause. */
  readonly records: Map<NodeId, ConductRecord>
  readonly bans: Map<NodeId, Ban>
  /** Since boot. */
  bansMade: number
  /** Bans are carried out: this board hears at least as many others of its pool as it has banned. */
  isHeld: boolean
  /** Hashes of envelopes whose authors have been blamed for them, oldest first. */
  readonly proofs: Set<string>
}

export function noConduct(): Conduct {
  return { records: new Map(), bans: new Map(), bansMade: 0, isHeld: true, proofs: new Set() }
}

/** No connection is kept with it, and nothing that it sends is looked at. */
export function isShunned({ conduct }: { readonly conduct: Conduct }, node: NodeId): boolean {
  return conduct.isHeld && conduct.bans.has(node)
}

export function recordOf({ records, bans }: Conduct, node: NodeId, now: number): ConductRecord {
  const known = records.get(node)
  if (known !== undefined) return known
  for (const other of records.keys()) {
    if (records.size < conductLimits.recordsMax) break
    if (!bans.has(other)) records.delete(other)
  }
  const fresh: ConductRecord = {
    points: noPoints,
    bans: 0,
    lastBanEnd: -Infinity,
    asks: fullBucket(askRates.asks, now),
    sends: fullBucket(askRates.sends, now),
  }
  records.set(node, fresh)
  return fresh
}

/** Whether this envelope is held against its author for the first time. */
export function isNewProof({ proofs }: Conduct, hash: string): boolean {
  if (proofs.has(hash)) return false
  proofs.add(hash)
  const oldest = proofs.values().next()
  if (proofs.size > conductLimits.proofsMax && !oldest.done) proofs.delete(oldest.value)
  return true
}
