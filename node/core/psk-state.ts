// What a board knows of pre-shared keys between two steps; `psk.ts` changes it.

import { type PskDigest, type PskStatements, pskFromRegisters } from '../../crdt/documents/psk.ts'
import type { NodeId } from '../../crdt/ids.ts'

export interface Psks {
  readonly held: Map<PskDigest, Uint8Array>
  /** The fleet document that was read last, and what it says. */
  fleet: object | undefined
  statements: PskStatements
  /** Digests of the keys that the network uses. */
  used: string
  /** When to ask again for what is missing. */
  askAt: number
  /** Who asked for a key that this board does not have yet. */
  readonly askers: Map<PskDigest, Set<NodeId>>
}

export function noPsks(): Psks {
  return { held: new Map(), fleet: undefined, statements: pskFromRegisters(new Map()), used: '', askAt: 0, askers: new Map() }
}
