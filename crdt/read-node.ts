// A node as its documents tell: its own, and the operators' wishes about it. What liveness adds is not here.

import type { Crypto } from './crypto.ts'
import type { Doc } from './doc.ts'
import type { CloneWords } from './documents/clones.ts'
import { nodeFromRegisters } from './documents/node.ts'
import { isFull, registersAhead } from './documents/node-growth.ts'
import { opsDefaults, opsFromRegisters } from './documents/ops.ts'
import { type NodeId, type PoolName, type SlotId, compareText } from './ids.ts'
import type { Claim, Clone, NodeView } from './view.ts'
import { allocId } from './view-hash.ts'

export interface NodeReading {
  readonly node: Omit<NodeView, 'liveness'>
  /** It said itself that it left. */
  readonly left: boolean
  /** What it shows, in base64, and the pool into which an operator has admitted it; '': nothing. */
  readonly certificate: string
  readonly admitted: string
  readonly claims: ReadonlyMap<SlotId, Claim>
}

export function readNode(crypto: Crypto, id: NodeId, pool: PoolName, doc: Doc | undefined, ops: Doc | undefined): NodeReading {
  const record = nodeFromRegisters(id, doc?.registers ?? new Map())
  const wishes = ops === undefined ? opsDefaults : opsFromRegisters(ops.registers)
  const { addresses, agentVersion, allocsMax, attributes, capacity, devices, drivers, dynamicPorts } = record
  const { planVersion, psk, receipts, verdicts } = record
  const { drain, draining, drainIgnoresSystem, leaving, replacedBy, weight } = wishes
  const clones = clonesLeft(record.clones, wishes.out)
  const node = {
    id,
    name: wishes.name || record.name,
    capacity,
    attributes,
    drivers,
    dynamicPorts,
    addresses,
    agentVersion,
    planVersion,
    receipts,
    verdicts,
    documentFull: isFull(registersAhead(record)),
    draining,
    // Said only where it is so: most nodes read as they did to agents without system jobs.
    ...(drainIgnoresSystem ? ({ drainIgnoresSystem } as const) : {}),
    ...(drain === null ? {} : { drain }),
    ...(leaving === null ? {} : { leaving }),
    ...(clones.length < 2 ? {} : { clones }),
    ...(psk === '' ? {} : { psk }),
    ...(allocsMax === 0 ? {} : { allocsMax }),
    ...(devices.length === 0 ? {} : { devices }),
    eligible: wishes.eligible && clones.length < 2,
    evicted: wishes.evicted || replacedBy.length > 0,
    ...(replacedBy.length === 0 ? {} : { replacedBy }),
    weight,
    pool,
    labels: { ...without(record.labels, wishes.unset), ...wishes.labels },
    images: new Set(record.images),
  }
  // Named here and not as the node says: an id that it made up must not point at another's copy.
  const claims = new Map(
    [...record.claims].map(([slot, claim]) => [slot, { ...claim, alloc: allocId(crypto, slot, id, claim.generation) }]),
  )
  // A word that was written for another pool's document says nothing here.
  const admitted = ops?.pool === wishes.admitted ? wishes.admitted : ''
  return { node, left: record.left, certificate: record.certificate, admitted, claims }
}

function without(labels: NodeView['labels'], unset: ReadonlySet<string>): NodeView['labels'] {
  return unset.size === 0 ? labels : Object.fromEntries(Object.entries(labels).filter(([key]) => !unset.has(key)))
}

function clonesLeft({ known }: CloneWords, out: ReadonlySet<string>): readonly Clone[] {
  const left = [...known].filter(([id]) => !out.has(id))
  return left.map(([id, where]) => ({ id, where })).sort((a, b) => compareText(a.id, b.id))
}
