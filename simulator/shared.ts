// What all boards of a world share (docs/adr/0014).

import type { Crypto } from '../crdt/crypto.ts'
import type { LinkStateReader } from '../node/core/liveness/reader.ts'
import { decodeFrame } from '../node/core/wire.ts'
import { lastAnswer, recall } from './interned.ts'
import { type SharedEngine, createSharedEngine } from './shared-engine.ts'
import { createSharedLinkStates } from './shared-link-states.ts'
import { type SharedViews, createSharedViews } from './shared-views.ts'

export interface Shared extends Partial<SharedViews> {
  /** Operators use it, too. */
  readonly engine: SharedEngine
  readonly linkStates: LinkStateReader
  /** A frame that many are sent is read once. */
  readonly readFrame: typeof decodeFrame
}

export function createShared(crypto: Crypto, sharesViews = false): Shared {
  const frames = new WeakMap<Uint8Array, ReturnType<typeof decodeFrame>>()
  return {
    engine: createSharedEngine(crypto),
    linkStates: createSharedLinkStates(crypto),
    readFrame: lastAnswer((bytes) => recall(frames, bytes, decodeFrame)),
    ...(sharesViews ? createSharedViews() : {}),
  }
}
