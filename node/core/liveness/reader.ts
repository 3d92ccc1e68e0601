// Everything about a link state that costs and follows from its bytes alone. So a process with many nodes may work it out once for all of
// them (docs/adr/0014); a board's own reader remembers nothing.

import type { Crypto } from '../../../crdt/crypto.ts'
import type { Result } from '../../../crdt/errors.ts'
import { type LinkState, decodeLinkState, isSignedByAuthor } from './link-state.ts'

export interface LinkStateReader {
  readonly decode: (bytes: Uint8Array) => Result<LinkState, 'E_FRAME'>
  /** `keyOf`: the author's key, out of its id. */
  readonly isGenuine: (state: LinkState, keyOf: () => Uint8Array | null) => boolean
  /** 64 bits in which the tables of two nodes differ that hold different statements. */
  readonly markOf: (state: LinkState) => readonly [number, number]
}

export function createLinkStateReader(crypto: Crypto): LinkStateReader {
  return {
    decode: decodeLinkState,
    isGenuine: (state, keyOf) => isSignedByAuthor(crypto, state, keyOf()),
    markOf: ({ bytes }) => {
      const hash = crypto.sha256(bytes)
      return [word(hash, 0), word(hash, 4)]
    },
  }
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
}
