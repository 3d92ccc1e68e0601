// Boards behind thin lines: what such a board sends or is sent waits in a queue until the line has room, and what would wait too long
// is dropped, as a modem does. Long and bad lines between two boards come on top of it.

import type { NodeId } from '../crdt/ids.ts'
import { type Prng, createPrng } from './prng.ts'
import { Routes } from './routes.ts'

/** Longer than this nothing waits: about the buffer of a modem. */
export const uplinkQueueMsMax = 20_000

interface Line {
  readonly kbitPerS: number
  /** Virtual time at which the last byte in the queue has left. */
  freeAt: number
}

export class Uplinks {
  readonly #lines = new Map<NodeId, Line>()
  /** Between two boards. */
  readonly routes = new Routes()
  /** For what is lost on them. */
  prng: Prng = createPrng(1)
  /** Frames that found no room. */
  dropped = 0
  delayed = 0

  set(node: NodeId, kbitPerS: number | null): void {
    if (kbitPerS === null) this.#lines.delete(node)
    else this.#lines.set(node, { kbitPerS, freeAt: 0 })
  }

  isThin(node: NodeId): boolean {
    return this.#lines.has(node)
  }

  clear(): void {
    this.#lines.clear()
  }

  /** How long a frame waits and travels on the lines of both ends; null: it is dropped. Both share one line each way. */
  delay(from: NodeId, to: NodeId, bytes: number, now: number): number | null {
    let late = this.routes.late(from, to, now, this.prng)
    if (this.#lines.size === 0) return late
    const route = late
    for (const node of [from, to]) {
      const line = this.#lines.get(node)
      if (line === undefined) continue
      const begins = Math.max(line.freeAt, now)
      if (begins - now > uplinkQueueMsMax) {
        this.dropped += 1
        return null
      }
      line.freeAt = begins + Math.ceil((8 * bytes) / line.kbitPerS)
      late += line.freeAt - now
    }
    if (late > route) this.delayed += 1
    return late
  }
}
