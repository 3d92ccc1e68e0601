// What the fleet document says of pre-shared keys: by digest alone, so that nobody who reads the document has one and nobody can be handed a
// false one. A rotation opens a key beside the one that is in use and later closes that; what is closed stays so.

import type { Crypto } from '../crypto.ts'
import { type FleetId, compareText, hex } from '../ids.ts'
import { type Registers, below } from '../registers.ts'
import { modelLimits } from './model-limits.ts'

/** Hex; says nothing of the key, which is 256 random bits. */
export type PskDigest = string

export interface PskStatements {
  /** Newest first: of two that were opened on two sides of a cut all boards take the same for it. Closed ones are not among them. */
  readonly open: readonly PskDigest[]
  readonly closed: ReadonlySet<PskDigest>
  /** Of the newest that was ever opened; 0: none. */
  readonly generation: number
}

/** Below `x/`, as every field that some agent may not know yet. */
const prefix = 'x/psk'

export const pskPaths = {
  /** A generation: higher than that of every key known to whoever opens it. */
  opened: (digest: PskDigest): string => `${prefix}/${digest}/opened`,
  closed: (digest: PskDigest): string => `${prefix}/${digest}/closed`,
} as const

export function pskDigest(crypto: Crypto, fleet: FleetId, psk: Uint8Array): PskDigest {
  return hex(crypto.sha256(new Uint8Array([...new TextEncoder().encode(`shoal psk ${fleet} `), ...psk])))
}

/** Enough to tell the few keys of a fleet apart: what boards say that they have. */
export function shortPskDigest(digest: PskDigest): string {
  return digest.slice(0, 16)
}

/**
 * Of the keys that somebody holds those to be used, newest first. What no document names, as the first key of a fleet before any rotation,
 * comes last and in its order; whoever holds closed ones only slept through a rotation, and has nothing better.
 */
export function usablePsks({ open, closed }: PskStatements, held: readonly PskDigest[]): readonly PskDigest[] {
  const others = held.filter((digest) => !open.includes(digest) && !closed.has(digest))
  const valid = [...open.filter((digest) => held.includes(digest)), ...others]
  const all = valid.length > 0 ? valid : held
  // Were there ever more, those who were away know the oldest.
  return all.length <= modelLimits.psksMax ? all : [...all.slice(0, modelLimits.psksMax - 1), all.at(-1)!]
}

export function pskFromRegisters(registers: Registers): PskStatements {
  const opened: { readonly digest: PskDigest; readonly generation: number }[] = []
  const closed = new Set<PskDigest>()
  for (const [path, value] of below(registers, prefix)) {
    const [digest = '', what, ...rest] = path.split('/')
    if (!/^[0-9a-f]{64}$/.test(digest) || rest.length > 0 || typeof value !== 'number' || !Number.isSafeInteger(value)) continue
    if (what === 'opened') opened.push({ digest, generation: value })
    if (what === 'closed') closed.add(digest)
  }
  const newestFirst = opened.sort((a, b) => b.generation - a.generation || compareText(b.digest, a.digest))
  return {
    open: newestFirst.filter(({ digest }) => !closed.has(digest)).map(({ digest }) => digest),
    closed,
    generation: newestFirst[0]?.generation ?? 0,
  }
}
