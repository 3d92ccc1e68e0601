// One reader of link states for all boards of a world: each is decoded, checked and hashed once, however many boards it reaches.

import type { Crypto } from '../crdt/crypto.ts'
import type { LinkState } from '../node/core/liveness/link-state.ts'
import { type LinkStateReader, createLinkStateReader } from '../node/core/liveness/reader.ts'
import { Interned, lastAnswer } from './interned.ts'

export function createSharedLinkStates(crypto: Crypto): LinkStateReader {
  const own = createLinkStateReader(crypto)
  const decoded = new Interned(own.decode)
  const genuine = new WeakMap<LinkState, boolean>()
  const marks = new WeakMap<LinkState, readonly [number, number]>()
  return {
    decode: lastAnswer((bytes) => decoded.of(bytes)),
    isGenuine(state, keyOf) {
      const known = genuine.get(state)
      if (known !== undefined) return known
      const is = own.isGenuine(state, keyOf)
      genuine.set(state, is)
      return is
    },
    markOf(state) {
      const known = marks.get(state) ?? own.markOf(state)
      marks.set(state, known)
      return known
    },
  }
}
