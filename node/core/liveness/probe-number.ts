// What a probe says, in the one number that its frame carries: the sender's link-state sequence, a mark of its boot, a byte of
// its table's digest, a counter that tells probes apart, and four flags. 52 bits, so it is a safe integer and few bytes as a
// varint. An echo repeats the number unchanged.

export interface Probe {
  /** 28 bits; 0: the sender has signed nothing yet. */
  readonly sequence: number
  /** The low 8 bits of the sender's boot number. */
  readonly bootMark: number
  readonly tableMark: number
  /** 4 bits */
  readonly counter: number
  /** The sender has not the receiver's newest link state. */
  readonly lacks: boolean
  /** The sender names the receiver as its neighbour, or is about to. */
  readonly names: boolean
  /** The sender wants this edge for its own sake. */
  readonly wants: boolean
  /** The sender has all the edges that it may have. */
  readonly full: boolean
}

export function packProbe(probe: Probe): number {
  const flags = (probe.lacks ? 1 : 0) + (probe.names ? 2 : 0) + (probe.wants ? 4 : 0) + (probe.full ? 8 : 0)
  return (((probe.sequence * 256 + probe.bootMark) * 256 + probe.tableMark) * 16 + probe.counter) * 16 + flags
}

/** null for a number that no probe has. */
export function unpackProbe(n: number): Probe | null {
  if (!Number.isSafeInteger(n) || n < 0 || n >= 2 ** 52) return null
  const flags = n % 16
  return {
    sequence: Math.floor(n / 2 ** 24),
    bootMark: Math.floor(n / 2 ** 16) % 256,
    tableMark: Math.floor(n / 2 ** 8) % 256,
    counter: Math.floor(n / 16) % 16,
    lacks: (flags & 1) !== 0,
    names: (flags & 2) !== 0,
    wants: (flags & 4) !== 0,
    full: (flags & 8) !== 0,
  }
}
