// The store: one LevelDB database in a folder. Damage never stops the agent: a damaged record is dropped, a damaged database is
// repaired, a hopeless one is moved aside and a fresh one begun (documents come again from peers); each is told in `repairs`. After
// any failed write the database is opened anew before the next one: LevelDB's log may end in half a record, and what
// is appended behind that would be lost. It must not know what the records mean.

import { type Result, ok, refuse } from '../../crdt/errors.ts'
import type { Store, StoreCode, StoreWrite } from '../core/ports.ts'
import { openRecord, sealRecord } from './record.ts'
import { type OpenFault, type Level, type Told, openLevel, repairLevel } from './store-open.ts'

/** `onRepair` hears of everything that is found broken when it is found: most of it is at boot, a disk that dies comes later. */
export async function openStore(path: string, onRepair: Told = () => undefined): Promise<Result<Store, OpenFault>> {
  const repairs: string[] = []
  const tell: Told = (words) => {
    repairs.push(words)
    onRepair(words)
  }
  const opened = await openLevel(path, tell)
  return opened.ok ? ok(new LevelStore(path, opened.value, repairs, tell)) : opened
}

class LevelStore implements Store {
  readonly repairs: readonly string[]
  readonly #path: string
  readonly #tell: Told
  /** null after a failed write, until it could be opened again. */
  #level: Level | null
  /** Opening again and repairing; every operation waits for it. */
  #reopening: Promise<Result<Level, StoreCode>> | null = null
  /** Damaged records on their way out: each is told once, and whatever is done next comes after its removal. */
  readonly #dropping = new Map<string, Promise<void>>()
  #closed = false

  constructor(path: string, level: Level, repairs: readonly string[], tell: Told) {
    this.#path = path
    this.#level = level
    this.repairs = repairs
    this.#tell = tell
  }

  async write(writes: readonly StoreWrite[], sync: boolean): Promise<Result<void, StoreCode>> {
    const ready = await this.#ready()
    if (!ready.ok) return ready
    const batch = writes.map(({ key, value }) =>
      value === null ? { type: 'del' as const, key } : { type: 'put' as const, key, value: sealRecord(key, value) },
    )
    try {
      await ready.value.batch(batch, { sync })
      return ok(undefined)
    } catch (error) {
      await this.#giveUp(ready.value)
      return storeFault(error)
    }
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const [value] = await this.readMany([key])
    return value
  }

  async readMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const ready = await this.#ready()
    if (!ready.ok) return keys.map(() => undefined)
    const found = await this.#getMany(ready.value, keys)
    return found.map((record, n) => (record === undefined ? undefined : this.#checked(ready.value, keys[n]!, record)))
  }

  async *scan(prefix: string): AsyncIterable<readonly [string, Uint8Array]> {
    let after = ''
    for (let repaired = false; ; repaired = true) {
      const ready = await this.#ready()
      if (!ready.ok) return
      try {
        // '\uffff' is above every key that begins with the prefix: keys are ASCII.
        const range = after === '' ? { gte: prefix } : { gt: after }
        for await (const [key, record] of ready.value.iterator({ ...range, lt: `${prefix}\uffff` })) {
          after = key
          const value = this.#checked(ready.value, key, record)
          if (value !== undefined) yield [key, value]
        }
        return
      } catch (error) {
        this.#tell(`reading stopped at a damaged block after '${after}': ${wordsOf(error)}`)
        if (repaired) return
        await this.#repair()
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#reopening
    await this.#level?.close()
    this.#level = null
  }

  async #ready(): Promise<Result<Level, StoreCode>> {
    if (this.#closed) return refuse('E_STORE_BROKEN', 'the store is closed')
    await Promise.all(this.#dropping.values())
    if (this.#level !== null) return ok(this.#level)
    this.#reopening ??= this.#reopen().finally(() => (this.#reopening = null))
    return this.#reopening
  }

  async #reopen(): Promise<Result<Level, StoreCode>> {
    try {
      const opened = await openLevel(this.#path, this.#tell)
      if (!opened.ok) return storeFault(new Error(opened.message))
      this.#level = opened.value
      return opened
    } catch (error) {
      return storeFault(error)
    }
  }

  async #giveUp(level: Level): Promise<void> {
    if (this.#level !== level) return
    this.#level = null
    this.#reopening = level
      .close()
      .catch(() => undefined)
      .then(() => this.#reopen())
      .finally(() => (this.#reopening = null))
    await this.#reopening
  }

  async #repair(): Promise<void> {
    const level = this.#level
    if (level === null) return
    this.#level = null
    this.#reopening = level
      .close()
      .catch(() => undefined)
      .then(() => repairLevel(this.#path, this.#tell))
      .then(() => this.#reopen())
      .finally(() => (this.#reopening = null))
    await this.#reopening
  }

  /** A block that cannot be read costs the records in it, not the others that were asked for. */
  async #getMany(level: Level, keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    try {
      return await level.getMany([...keys])
    } catch {
      return Promise.all(
        keys.map((key) =>
          level.get(key).catch((error: unknown) => {
            this.#tell(`record '${key}' cannot be read: ${wordsOf(error)}`)
            return undefined
          }),
        ),
      )
    }
  }

  #checked(level: Level, key: string, record: Uint8Array): Uint8Array | undefined {
    const value = openRecord(key, record)
    if (value !== undefined) return value
    if (this.#dropping.has(key)) return undefined
    this.#tell(`record '${key}' was damaged and dropped`)
    const dropped = level
      .del(key)
      .catch(() => undefined)
      .then(() => void this.#dropping.delete(key))
    this.#dropping.set(key, dropped)
    return undefined
  }
}

// errno texts that LevelDB passes on; anything else means that the disk answers with errors.
const fullWords = /no space left|read-only file system|quota exceeded|ENOSPC|EROFS|EDQUOT/i

function storeFault(error: unknown): Result<never, StoreCode> {
  const words = wordsOf(error)
  return fullWords.test(words)
    ? refuse('E_STORE_FULL', `the disk takes no writes: ${words}`)
    : refuse('E_STORE_BROKEN', `the disk does not work: ${words}`)
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

export type { OpenFault }
