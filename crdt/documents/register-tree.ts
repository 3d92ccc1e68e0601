// Registers as a tree of path parts, for reading: a value is taken out as it is understood, and what is left at the end is what this
// version does not know. Deleted registers (null) are not there at all.

import { type Registers, type Scalar, below } from '../registers.ts'
import { compareText } from '../ids.ts'

export type Value = Exclude<Scalar, null>

export interface RegisterTree {
  value: Value | undefined
  readonly children: Map<string, RegisterTree>
}

/** `prefix` '' is the whole document. */
export function registerTree(registers: Registers, prefix: string): RegisterTree {
  const root: RegisterTree = { value: undefined, children: new Map() }
  for (const [path, value] of prefix === '' ? registers : below(registers, prefix)) {
    if (value === null) continue
    let at = root
    for (const part of path.split('/')) {
      let next = at.children.get(part)
      if (next === undefined) at.children.set(part, (next = { value: undefined, children: new Map() }))
      at = next
    }
    at.value = value
  }
  return root
}

export function child(tree: RegisterTree | undefined, ...parts: readonly string[]): RegisterTree | undefined {
  let at = tree
  for (const part of parts) at = at?.children.get(part)
  return at
}

/** The value at a path, which is then understood. */
export function take(tree: RegisterTree | undefined, path: string): Value | undefined {
  const at = child(tree, ...path.split('/'))
  const value = at?.value
  if (at !== undefined) at.value = undefined
  return value
}

/** Names of the children, sorted. */
export function namesOf(tree: RegisterTree | undefined): string[] {
  return [...(tree?.children.keys() ?? [])].sort(compareText)
}

/** Paths whose values nobody took, sorted. */
export function leftOver(tree: RegisterTree, prefix = ''): string[] {
  return namesOf(tree).flatMap((name) => {
    const next = tree.children.get(name)
    if (next === undefined) return []
    const path = prefix === '' ? name : `${prefix}/${name}`
    return [...(next.value === undefined ? [] : [path]), ...leftOver(next, path)]
  })
}
