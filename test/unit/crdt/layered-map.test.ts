// Maps in layers read like plain ones after any changes, leave the versions before them alone, and tell what differs.

import assert from 'node:assert/strict'
import test from 'node:test'
import { changedKeys, withChanges } from '../../../crdt/layered-map.ts'
import { random } from '../../support/view.ts'

const copyOf = (map: ReadonlyMap<number, object>): Map<number, object> => new Map(map)

test('any changes: the same as a plain Map, and what differs from any earlier version', () => {
  for (const size of [0, 10, 300, 2_000]) {
    const next = random(size + 1)
    let map: ReadonlyMap<number, object> = new Map(Array.from({ length: size }, (_, i) => [i, { i }]))
    const versions = [{ map, plain: copyOf(map) }]
    for (let step = 0; step < 120; step++) {
      const key = (): number => Math.floor(next() * (size + 5))
      const changes = new Map(Array.from({ length: 1 + Math.floor(next() * 3) }, () => [key(), next() < 0.3 ? undefined : { step }]))
      const plain = new Map(versions.at(-1)?.plain)
      for (const [one, value] of changes) {
        if (value === undefined) plain.delete(one)
        else plain.set(one, value)
      }
      map = withChanges(map, changes)
      assert.deepEqual(copyOf(map), plain)
      assert.deepEqual([map.size, new Set(map.keys()), new Set(map.values())], [plain.size, new Set(plain.keys()), new Set(plain.values())])
      const seen = new Map<number, object>()
      map.forEach((value, one) => seen.set(one, value))
      assert.deepEqual(seen, plain)
      for (let one = -1; one < size + 6; one++) assert.deepEqual([map.get(one), map.has(one)], [plain.get(one), plain.has(one)])
      const earlier = versions[Math.floor(next() * versions.length)]
      assert.ok(earlier !== undefined)
      const differ = [...new Set([...plain.keys(), ...earlier.plain.keys()])].filter((one) => plain.get(one) !== earlier.plain.get(one))
      assert.deepEqual([...changedKeys(earlier.map, map)].sort(), differ.sort())
      assert.deepEqual([...changedKeys(map, earlier.map)].sort(), differ)
      versions.push({ map, plain })
    }
    for (const { map: old, plain } of versions) assert.deepEqual(copyOf(old), plain)
  }
})

test('nothing changed: the same object, and no key', () => {
  const map = new Map([[1, {}]])
  assert.equal(withChanges(map, new Map()), map)
  assert.deepEqual(changedKeys(map, map), [])
  assert.deepEqual(changedKeys(map, new Map(map)), [])
})
