// A function of bytes that is worked out once for equal bytes. Whoever comes with the very array that came before is answered at once;
// other arrays are compared byte by byte, so nothing rests on a hash.

/** Of a world; a board takes what it is sent within seconds of the others. The oldest go first. */
const rememberedMax = 200_000

interface Entry<T> {
  readonly bytes: Uint8Array
  readonly value: T
}

export class Interned<T> {
  readonly #work: (bytes: Uint8Array) => T
  readonly #byArray = new WeakMap<Uint8Array, T>()
  readonly #byContent = new Map<number, Entry<T>>()

  constructor(work: (bytes: Uint8Array) => T) {
    this.#work = work
  }

  of(bytes: Uint8Array): T {
    const known = this.#byArray.get(bytes)
    if (known !== undefined) return known
    const mark = markOf(bytes)
    const entry = this.#byContent.get(mark)
    const value = entry !== undefined && sameBytes(entry.bytes, bytes) ? entry.value : this.#fresh(mark, bytes)
    this.#byArray.set(bytes, value)
    return value
  }

  #fresh(mark: number, bytes: Uint8Array): T {
    const value = this.#work(bytes)
    this.#byContent.set(mark, { bytes, value })
    if (this.#byContent.size > rememberedMax) {
      const oldest = this.#byContent.keys().next()
      if (!oldest.done) this.#byContent.delete(oldest.value)
    }
    return value
  }
}

/** Length and last bytes: there are the signatures and checksums, which follow from all the rest. */
function markOf(bytes: Uint8Array): number {
  let mark = Math.imul(bytes.length, 0x9e3779b1)
  for (let i = Math.max(0, bytes.length - 12); i < bytes.length; i++) mark = Math.imul(mark ^ bytes[i]!, 0x01000193) ^ (mark >>> 15)
  return mark
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** What was worked out from this very object before, or is now. */
export function recall<K extends object, V>(memory: WeakMap<K, V>, key: K, work: (key: K) => V): V {
  const known = memory.get(key)
  if (known !== undefined) return known
  const value = work(key)
  memory.set(key, value)
  return value
}

/** Answers at once whoever asks for the same as the one before: what goes through a pool reaches many boards in one moment. */
export function lastAnswer<K extends object, V>(work: (key: K) => V): (key: K) => V {
  let last: { readonly key: K; readonly value: V } | null = null
  return (key) => {
    if (last?.key !== key) last = { key, value: work(key) }
    return last.value
  }
}
