// Immutable maps of which one version after another is made: a version shares the large lower layer with the one before and has a
// small layer of its own, so that a change costs that layer and not the map, and what differs between two versions is found
// without reading either. Small maps are plain Maps. Decides nothing; order of iteration means nothing.

/** Maps up to this size are copied at every change: that takes some microseconds, and look-ups stay plain. */
const copiedMax = 256

class LayeredMap<K, V extends object> implements ReadonlyMap<K, V> {
  readonly lower: ReadonlyMap<K, V>
  /** What is different from `lower`; undefined: not there any more. */
  readonly upper: ReadonlyMap<K, V | undefined>
  readonly size: number

  constructor(lower: ReadonlyMap<K, V>, upper: ReadonlyMap<K, V | undefined>) {
    this.lower = lower
    this.upper = upper
    let size = lower.size
    for (const [key, value] of upper) size += Number(value !== undefined) - Number(lower.has(key))
    this.size = size
  }

  get(key: K): V | undefined {
    const value = this.upper.get(key)
    return value !== undefined || this.upper.has(key) ? value : this.lower.get(key)
  }

  has(key: K): boolean {
    return this.get(key) !== undefined
  }

  *entries(): Generator<[K, V], undefined> {
    for (const entry of this.lower) if (!this.upper.has(entry[0])) yield entry
    for (const [key, value] of this.upper) if (value !== undefined) yield [key, value]
    return undefined
  }

  *keys(): Generator<K, undefined> {
    for (const [key] of this.entries()) yield key
    return undefined
  }

  *values(): Generator<V, undefined> {
    for (const [, value] of this.entries()) yield value
    return undefined
  }

  [Symbol.iterator](): Generator<[K, V], undefined> {
    return this.entries()
  }

  forEach(visit: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) visit(value, key, this)
  }
}

/** `before` with the changes made; undefined: the key goes. `before` stays as it was. */
export function withChanges<K, V extends object>(before: ReadonlyMap<K, V>, changes: ReadonlyMap<K, V | undefined>): ReadonlyMap<K, V> {
  if (changes.size === 0) return before
  const layered = before instanceof LayeredMap ? (before as LayeredMap<K, V>) : null
  const lower = layered?.lower ?? before
  const upper = new Map([...(layered?.upper ?? []), ...changes])
  // Once the upper layer has the square root of the size, copying it costs as much as merging the two does, shared among so many changes.
  if (before.size > copiedMax && upper.size ** 2 <= lower.size) return new LayeredMap(lower, upper)
  const merged = new Map(lower)
  for (const [key, value] of upper) {
    if (value === undefined) merged.delete(key)
    else merged.set(key, value)
  }
  return merged
}

/** Keys whose value is not the same object in both, each once. */
export function changedKeys<K, V extends object>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): readonly K[] {
  if (before === after) return []
  const [old, now] = [layersOf(before), layersOf(after)]
  const changed: K[] = []
  if (old.lower === now.lower) {
    for (const key of new Set([...old.upper.keys(), ...now.upper.keys()])) if (before.get(key) !== after.get(key)) changed.push(key)
    return changed
  }
  for (const [key, value] of after) if (before.get(key) !== value) changed.push(key)
  for (const key of before.keys()) if (!after.has(key)) changed.push(key)
  return changed
}

interface Layers<K, V> {
  readonly lower: ReadonlyMap<K, V>
  readonly upper: ReadonlyMap<K, V | undefined>
}

function layersOf<K, V extends object>(map: ReadonlyMap<K, V>): Layers<K, V> {
  return map instanceof LayeredMap ? (map as LayeredMap<K, V>) : { lower: map, upper: new Map() }
}
