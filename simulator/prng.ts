// The simulator's randomness: mulberry32, one 32-bit state, the same sequence on every machine. Every part of a run that draws
// takes its own generator, so that one more draw in one part does not shift the others.

export interface Prng {
  /** An integer in 0 … below − 1. */
  below(below: number): number
  /** True with this probability (0 … 1). */
  chance(probability: number): boolean
  pick<T>(items: readonly T[]): T | undefined
  shuffle<T>(items: readonly T[]): T[]
  /** Another generator that follows from this one's state. */
  fork(): Prng
}

export function createPrng(seed: number): Prng {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let x = state
    x = Math.imul(x ^ (x >>> 15), x | 1)
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61)
    return (x ^ (x >>> 14)) >>> 0
  }
  const below = (limit: number): number => (limit <= 1 ? 0 : next() % limit)
  return {
    below,
    chance: (probability) => next() < probability * 2 ** 32,
    pick: (items) => items[below(items.length)],
    shuffle: (items) => {
      const all = [...items]
      for (let i = all.length - 1; i > 0; i--) {
        const j = below(i + 1)
        ;[all[i], all[j]] = [all[j]!, all[i]!]
      }
      return all
    },
    fork: () => createPrng(next()),
  }
}
