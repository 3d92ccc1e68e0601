// The simulated store: what is on a board's disk, as the map of its records. It takes all writes of a call or none, may lose in a power
// cut what no sync followed, may be full, and drops damaged records when they are read: what `node/adapters/store-level.ts` promises, held
// against it by the same suite (`test/acceptance`).

import type { Reply } from '../crdt/api-types.ts'
import type { StoreWrite } from '../node/core/ports.ts'

/** As the real loop says it: what is not on disk is not acknowledged. */
export const notDurable: Reply = { kind: 'error', code: 'E_STORE_FULL', message: 'the disk takes no writes' }

/** More writes than any power cut undoes: of what is older the system has long written everything. */
const unsyncedMax = 256

export class Disk extends Map<string, Uint8Array> {
  /** It takes no writes. */
  isFull = false
  /** What was there before each write that no sync has followed: a power cut may undo them, newest first. */
  unsynced: (readonly (readonly [string, Uint8Array | undefined])[])[] = []
  /** What reading found broken, in words. */
  readonly repairs: string[] = []
  readonly #damaged = new Set<string>()
  readonly #names: Map<string, string>

  /** `names`: the keys of all boards of a world, so that each is in memory once. */
  constructor(names: Map<string, string> = new Map()) {
    super()
    this.#names = names
  }

  /** All of the writes or none; false when there is no room. */
  write(writes: readonly StoreWrite[], sync: boolean): boolean {
    if (this.isFull) return false
    this.unsynced.push(writes.map(({ key }) => [key, this.get(key)]))
    if (this.unsynced.length > unsyncedMax) this.unsynced.shift()
    for (const { key, value } of writes) this.#put(key, value)
    if (sync) this.unsynced = []
    return true
  }

  /** Undefined also for a damaged record, which is forgotten. */
  read(key: string): Uint8Array | undefined {
    if (!this.#damaged.delete(key)) return this.get(key)
    this.delete(key)
    this.repairs.push(`record '${key}' was damaged and dropped`)
    return undefined
  }

  /** In the order of their keys. */
  scan(prefix: string): (readonly [string, Uint8Array])[] {
    const keys = [...this.keys()].filter((key) => key.startsWith(prefix)).toSorted()
    return keys.flatMap((key) => {
      const value = this.read(key)
      return value === undefined ? [] : [[key, value] as const]
    })
  }

  /** Whole, and a power cut does not undo it. */
  isSafe(key: string): boolean {
    return this.has(key) && !this.#damaged.has(key) && !this.unsynced.some((writes) => writes.some(([written]) => written === key))
  }

  /** Bits of the record flip. */
  damage(key: string): void {
    if (this.has(key)) this.#damaged.add(key)
  }

  /** So many writes that no sync followed are gone, newest first. */
  losePower(lostWritesMax: number): void {
    for (let lost = 0; lost < lostWritesMax; lost++) {
      for (const [key, value] of (this.unsynced.pop() ?? []).toReversed()) this.#put(key, value ?? null)
    }
    this.unsynced = []
  }

  /** Another disk, or another image on this one. */
  replaceBy(image: ReadonlyMap<string, Uint8Array>): void {
    this.clear()
    this.#damaged.clear()
    this.isFull = false
    this.unsynced = []
    for (const [key, value] of image) this.set(key, value)
  }

  #put(key: string, value: Uint8Array | null): void {
    this.#damaged.delete(key)
    if (value === null) this.delete(key)
    else this.set(this.#nameOf(key), value)
  }

  #nameOf(key: string): string {
    const known = this.#names.get(key)
    if (known === undefined) this.#names.set(key, key)
    return known ?? key
  }
}
