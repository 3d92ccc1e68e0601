// Which messages a board has seen, until when: a bit for each message, and eight bytes for each that is not forgotten yet. A thousand boards
// remember some ten thousand messages each, which in a Map would be most of what a world needs.

import type { MessageId } from './rpc.ts'

export class Seen {
  #bits = new Uint32Array(64)
  /** In the order in which they came: what, and until when (ms). */
  #ids = new Int32Array(64)
  #until = new Int32Array(64)
  #first = 0
  #end = 0

  has(id: MessageId): boolean {
    return ((this.#bits[id >>> 5] ?? 0) & (1 << (id & 31))) !== 0
  }

  /** It is not among them. `until` is never less than for those that came before. */
  add(id: MessageId, until: number): void {
    if (id >>> 5 >= this.#bits.length) this.#bits = grown(new Uint32Array(2 * ((id >>> 5) + 1)), this.#bits)
    this.#bits[id >>> 5]! |= 1 << (id & 31)
    if (this.#end === this.#ids.length) this.#makeRoom()
    this.#ids[this.#end] = id
    this.#until[this.#end++] = until
  }

  forget(now: number): void {
    for (; this.#first < this.#end && this.#until[this.#first]! <= now; this.#first++) {
      const id = this.#ids[this.#first]!
      this.#bits[id >>> 5]! &= ~(1 << (id & 31))
    }
  }

  #makeRoom(): void {
    const count = this.#end - this.#first
    const size = Math.max(64, 2 * count)
    this.#ids = grown(new Int32Array(size), this.#ids.subarray(this.#first, this.#end))
    this.#until = grown(new Int32Array(size), this.#until.subarray(this.#first, this.#end))
    this.#first = 0
    this.#end = count
  }
}

function grown<T extends Int32Array | Uint32Array>(larger: T, all: T): T {
  larger.set(all)
  return larger
}
