// The events that wait for the core, in two lanes, and how many frames may be among them. What does not fit is dropped, which anti-entropy
// repairs; no single peer fills more than half, so that one who sends faster than this board can check takes no place from the others.

import { isProbe } from './core/wire.ts'
import type { LooseEvent } from './loose-event.ts'

type FrameEvent = Extract<LooseEvent, { readonly kind: 'frame' }>

export const queueLimits = {
  /** More waiting events than this: a large pool's boot storm, and a second or so of a board's time. */
  framesMax: 5_000,
  /** Or more bytes of frames: a peer that sends faster than this board can check must not fill its memory. */
  frameBytesMax: 16 * 1_024 * 1_024,
  /** In parts of the two above. */
  shareOfOnePeer: 1 / 2,
} as const

interface Share {
  frames: number
  bytes: number
}

export class EventQueue {
  #events: LooseEvent[] = []
  /** Who is there, and what time it is: taken before everything else that waits, or a busy board looks like a dead one. */
  #urgent: LooseEvent[] = []
  /** Of the frames among both. */
  #frameBytes = 0
  readonly #shares = new Map<string, Share>()

  get length(): number {
    return this.#urgent.length + this.#events.length
  }

  /** False: there is no room for this frame. */
  push(event: LooseEvent): boolean {
    if (event.kind === 'frame' && !this.#hasRoom(event)) return false
    if (event.kind === 'frame') this.#count(event, 1)
    const lane = event.kind === 'frame' && !(event.via === 'stream' && isProbe(event.bytes)) ? this.#events : this.#urgent
    lane.push(event)
    return true
  }

  /** All that is urgent, in order. */
  takeUrgent(): readonly LooseEvent[] {
    const urgent = this.#urgent
    if (urgent.length > 0) this.#urgent = []
    for (const event of urgent) this.#taken(event)
    return urgent
  }

  /** Of the others, one after the other, while `isTime`; at least one: a flood of urgent ones must not hold up the rest for ever. */
  *takeWaiting(isTime: () => boolean): Generator<LooseEvent> {
    // Events that come while these are taken are pushed to the same list.
    const waiting = this.#events
    let taken = 0
    try {
      while (taken < waiting.length && (taken === 0 || isTime())) {
        const event = waiting[taken++]!
        this.#taken(event)
        yield event
      }
    } finally {
      this.#events = waiting.slice(taken)
    }
  }

  #hasRoom({ from, bytes: { length } }: FrameEvent): boolean {
    const { framesMax, frameBytesMax, shareOfOnePeer } = queueLimits
    if (this.length > framesMax || this.#frameBytes + length > frameBytesMax) return false
    const { frames, bytes } = this.#shares.get(from) ?? { frames: 0, bytes: 0 }
    return frames < framesMax * shareOfOnePeer && bytes + length <= frameBytesMax * shareOfOnePeer
  }

  #taken(event: LooseEvent): void {
    if (event.kind === 'frame') this.#count(event, -1)
  }

  #count({ from, bytes: { length } }: FrameEvent, sign: 1 | -1): void {
    const share = this.#shares.get(from) ?? { frames: 0, bytes: 0 }
    share.frames += sign
    share.bytes += sign * length
    this.#frameBytes += sign * length
    if (share.frames === 0) this.#shares.delete(from)
    else this.#shares.set(from, share)
  }
}
