// The simulated store: what is on a board's disk, as the map of its records. It takes all writes of a call or none, may lose in a power
// cut what no sync followed, may be full, read-only or broken for a while, and drops damaged records when they are read: what `node/adapters/store-level.ts` promises, held
// against it by the same suite (`test/acceptance`).

import type { Reply } from '../crdt/api-types.ts'
import type { StoreCode, StoreWrite } from '../node/core/ports.ts'

/** As the real loop says it: what is not on disk is not acknowledged. */
export const notDurable: Reply = { kind: 'error', code: 'E_STORE_FULL', message: 'the disk takes no writes' }

/** No room; mounted read-only, as a file system is that has met errors; errors on whatever is read or written. */
export type DiskFault = 'full' | 'read-only' | 'io-error'

/** As the real store says it: `node/adapters/store-level.ts`. */
export const diskRefusals = {
  full: { code: 'E_STORE_FULL', reason: 'no space left' },
  'read-only': { code: 'E_STORE_FULL', reason: 'read-only file system' },
  'io-error': { code: 'E_STORE_BROKEN', reason: 'input/output error' },
} as const satisfies Record<DiskFault, { readonly code: StoreCode; readonly reason: string }>

/** More writes than any power cut undoes: of what is older the system has long written everything. */
const unsyncedMax = 256

export class Disk extends Map<string, Uint8Array> {
  /** Why it takes no writes; null: it does. */
  fault: DiskFault | null = null
  /** A write failed, and the store is closed until it can be opened again. */
  #isClosed = false
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
    this.#isClosed = this.fault !== null
    if (this.fault !== null) return false
    this.unsynced.push(writes.map(({ key }) => [key, this.get(key)]))
    if (this.unsynced.length > unsyncedMax) this.unsynced.shift()
    for (const { key, value } of writes) this.#put(key, value)
    if (sync) this.unsynced = []
    return true
  }

  /** An agent that begins finds its records; where they cannot be had it does not begin. */
  get opens(): boolean {
    return this.fault === null || this.fault === 'full'
  }

  /** Undefined also for a damaged record, which is forgotten. */
  read(key: string): Uint8Array | undefined {
    if (this.fault === 'io-error' || (this.fault === 'read-only' && this.#isClosed)) return undefined
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
    this.fault = null
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
