// `distinct_property`: how many copies each value of an attribute has, and may have. A slot's own copies do not count against it: the
// one that runs now goes once the new one runs, on the same value or another. To the other slots both count meanwhile.

import type { NodeId } from '../crdt/ids.ts'
import type { Constraint } from '../crdt/spec.ts'
import type { Boards } from './boards.ts'

export interface Property {
  /** How many copies each value may have. */
  readonly allowed: number
  /** By node; a node without a value is no place at all (`constraints.ts`). */
  readonly texts: readonly (string | undefined)[]
  /** Value → copies. */
  readonly used: Map<string, number>
}

/** `copies`: node index → copies that count. */
export function propertiesOf(constraints: readonly Constraint[], copies: () => ReadonlyMap<number, number>, boards: Boards): Property[] {
  return constraints
    .filter(({ operator }) => operator === 'distinct_property')
    .map(({ attribute, value }) => {
      const property = { allowed: value === '' ? 1 : Number(value), texts: boards.texts(attribute), used: new Map<string, number>() }
      for (const [index, count] of copies()) addTo(property, index, count)
      return property
    })
}

export function addTo({ texts, used }: Property, index: number, count: number): void {
  const value = texts[index]
  if (value !== undefined) used.set(value, (used.get(value) ?? 0) + count)
}

export function isFull({ allowed, texts, used }: Property, index: number): boolean {
  return (used.get(texts[index] ?? '') ?? 0) >= allowed
}

/** What `ask` says while the copies on these nodes do not count. */
export function apartFrom<T>(properties: readonly Property[], nodes: readonly NodeId[], boards: Boards, ask: () => T): T {
  if (properties.length === 0 || nodes.length === 0) return ask()
  const indices = nodes.map((node) => boards.indexOf.get(node) ?? -1)
  const count = (by: number): void => {
    for (const property of properties) for (const index of indices) addTo(property, index, by)
  }
  count(-1)
  const answer = ask()
  count(1)
  return answer
}
