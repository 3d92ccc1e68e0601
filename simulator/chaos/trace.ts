// A hash over everything that every board was told and answered, in order: two runs with one hash were the same run.

import type { Effect } from '../../node/core/effect.ts'
import type { CoreEvent } from '../../node/core/event.ts'

export class Trace {
  #hash = 0x811c9dc5
  #steps = 0

  get steps(): number {
    return this.#steps
  }

  /** 8 hex digits. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0')
  }

  step(board: string, event: CoreEvent, effects: readonly Effect[]): void {
    this.#steps += 1
    this.#number(event.now)
    this.#text(board)
    this.#text(event.kind)
    if (event.kind === 'frame') this.#bytes(event.bytes)
    for (const effect of effects) {
      this.#text(effect.kind)
      if (effect.kind === 'send' || effect.kind === 'broadcast') this.#bytes(effect.frame)
      else if (effect.kind === 'persist') this.#writes(effect)
      else if (effect.kind === 'start') this.#text(effect.task.id)
      else if (effect.kind === 'stop') this.#text(effect.task)
      else if (effect.kind === 'wake') this.#number(effect.at)
      else if (effect.kind === 'log') this.#text(effect.message)
    }
  }

  #writes({ writes, sync }: Effect & { kind: 'persist' }): void {
    this.#number(Number(sync))
    for (const { key, value } of writes) {
      this.#text(key)
      if (value !== null) this.#bytes(value)
    }
  }

  #number(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value | 0), 0x01000193)
    this.#hash ^= this.#hash >>> 15
  }

  #text(text: string): void {
    for (let i = 0; i < text.length; i++) this.#number(text.charCodeAt(i))
  }

  /** Length and the end: there are the signatures and checksums, which follow from all the rest. */
  #bytes(bytes: Uint8Array): void {
    this.#number(bytes.length)
    for (let i = Math.max(0, bytes.length - 8); i < bytes.length; i++) this.#number(bytes[i]!)
  }
}
