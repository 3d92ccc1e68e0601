// What all boards of a world share (docs/adr/0014).

import type { Crypto } from '../crdt/crypto.ts'
import type { LinkStateReader } from '../node/core/liveness/reader.ts'
import { type SharedEngine, createSharedEngine } from './shared-engine.ts'
import { createSharedLinkStates } from './shared-link-states.ts'

export interface Shared {
  /** Operators use it, too. */
  readonly engine: SharedEngine
  readonly linkStates: LinkStateReader
}

export function createShared(crypto: Crypto): Shared {
  return { engine: createSharedEngine(crypto), linkStates: createSharedLinkStates(crypto) }
}
