// Writes of the core on their way to the store. What the store refuses (full disk) is kept here, read from here, and tried again
// until it is written, so that a disk that fills up for a while costs nothing. Bounded: what does not fit is dropped and told;
// documents come again from peers. It must not decide what a full disk means for the node: it only says so.

import { type Result, refuse } from '../crdt/errors.ts'
import type { Clock, Store, StoreWrite } from './core/ports.ts'
import { wordsOf } from './words.ts'

export interface JournalInput {
  readonly store: Store
  readonly clock: Clock
  /** Called when the store stops taking writes, and when it takes them again. */
  readonly onState: (writable: boolean, reason: string) => void
  readonly log: { error(data: object, message: string): void }
  readonly meter: (ms: number, writes: number, isWritten: boolean) => void
}

/** How long a disk that takes no writes is left alone. */
const retryMs = 5_000
/** Documents that changed while the disk was full; beyond it a board of 512 MiB would suffer. */
const heldBytesMax = 16 * 1_024 * 1_024

export class Journal {
  readonly #input: JournalInput
  /** Refused by the store, by key, newest value. */
  readonly #held = new Map<string, Uint8Array | null>()
  #heldBytes = 0
  #problem: string | null = null
  #cancelRetry: (() => void) | null = null
  #writing: Promise<unknown> = Promise.resolve()

  constructor(input: JournalInput) {
    this.#input = input
  }

  /** Why the disk takes no writes at present; null: it does. The store cannot be read then either. */
  get problem(): string | null {
    return this.#problem
  }

  /** Resolves to true when the writes are on disk (synced, if asked for), to false when they are held in memory instead. */
  write(writes: readonly StoreWrite[], sync: boolean): Promise<boolean> {
    const done = this.#writing.then(() => this.#write(writes, sync))
    this.#writing = done
    return done
  }

  /** What the core believes to be stored, whether the disk took it or not. */
  async readMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const stored = await this.#input.store.readMany(keys)
    return keys.map((key, n) => (this.#held.has(key) ? (this.#held.get(key) ?? undefined) : stored[n]))
  }

  /** One last try for what is held; then nothing more is written. */
  async close(): Promise<void> {
    this.#cancelRetry?.()
    await this.#writing
    if (this.#held.size > 0) await this.#write([], true)
    this.#cancelRetry?.()
  }

  async #write(writes: readonly StoreWrite[], sync: boolean): Promise<boolean> {
    const all = this.#held.size === 0 ? writes : [...[...this.#held].map(([key, value]) => ({ key, value })), ...writes]
    if (all.length === 0) return true
    const before = this.#input.clock.now()
    // Held writes were promised to be durable: they are synced whatever is asked for now.
    const result = await this.#tryWrite(all, sync || this.#held.size > 0)
    this.#input.meter(this.#input.clock.now() - before, all.length, result.ok)
    if (!result.ok) {
      this.#hold(writes)
      this.#say(false, result.message)
      this.#cancelRetry?.()
      this.#cancelRetry = this.#input.clock.at(this.#input.clock.now() + retryMs, () => void this.write([], true))
      return false
    }
    this.#held.clear()
    this.#heldBytes = 0
    this.#say(true, '')
    return true
  }

  async #tryWrite(writes: readonly StoreWrite[], sync: boolean): Promise<Result<void>> {
    try {
      return await this.#input.store.write(writes, sync)
    } catch (error) {
      return refuse('E_STORE_BROKEN', wordsOf(error))
    }
  }

  #hold(writes: readonly StoreWrite[]): void {
    let dropped = 0
    for (const { key, value } of writes) {
      const size = key.length + (value?.length ?? 0)
      const before = this.#held.get(key)
      if (before === undefined && this.#heldBytes + size > heldBytesMax) {
        dropped++
        continue
      }
      this.#heldBytes += size - (before === undefined ? 0 : key.length + (before?.length ?? 0))
      this.#held.set(key, value)
    }
    if (dropped > 0) this.#input.log.error({ dropped }, 'the disk takes no writes and too many wait: some were dropped')
  }

  #say(writable: boolean, reason: string): void {
    if ((this.#problem === null) === writable) return
    this.#problem = writable ? null : reason
    this.#input.onState(writable, reason)
  }
}
