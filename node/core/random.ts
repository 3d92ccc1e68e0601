// The core's only source of randomness: a small generator seeded from the boot nonce, so that a run can be repeated.
// xorshift32 (Marsaglia 2003): good enough to pick neighbours, ports and jitter; never used for keys.

export interface Random {
  state: number
}

export function createRandom(seed: Uint8Array): Random {
  let state = 0x9e3779b9
  for (const byte of seed) state = Math.imul(state ^ byte, 0x01000193) >>> 0
  return { state: state === 0 ? 1 : state }
}

/** An integer in 0 … below − 1. */
export function nextBelow(random: Random, below: number): number {
  let x = random.state
  x ^= x << 13
  x ^= x >>> 17
  x ^= x << 5
  random.state = x >>> 0
  return below <= 0 ? 0 : random.state % below
}

export function pick<T>(random: Random, items: readonly T[]): T | undefined {
  return items[nextBelow(random, items.length)]
}

/** Of a boot's nonce. */
export function seedOf(nonce: Uint8Array): number {
  return ((nonce[0] ?? 1) << 24) ^ ((nonce[1] ?? 2) << 16) ^ ((nonce[2] ?? 3) << 8) ^ (nonce[3] ?? 4)
}
