// Reads the scalar fields of one block by the field table. A value of the wrong kind is a fault and reads as its default, so that
// reading goes on and every fault is found at once.

import { assert } from '../errors.ts'
import { type Fault, shown } from './fault.ts'
import type { Field, FieldKind } from './field.ts'
import { readTexts } from './placement-codec.ts'
import { type RegisterTree, type Value, take } from './register-tree.ts'

export interface FieldValues {
  text(path: string): string
  optionalText(path: string): string | undefined
  int(path: string): number
  optionalInt(path: string): number | null
  flag(path: string): boolean
  list(path: string): readonly string[] | undefined
}

/** One block of the specification (the job, a group, a task) while it is read. */
export interface Block {
  readonly tree: RegisterTree | undefined
  /** In front of the block's fault paths: '' or ending in '/'. */
  readonly at: string
  readonly faults: Fault[]
}

const kindWords: Readonly<Record<FieldKind, string>> = {
  text: 'text',
  int: 'a whole number',
  flag: 'true or false',
  list: 'a list of texts',
}

export function readFields<T>(block: Block, fields: readonly Field<T>[]): FieldValues {
  const values = new Map<string, Value | null>()
  for (const field of fields) values.set(field.path, readField(block, field))
  const of = (path: string): Value | null => {
    const value = values.get(path)
    assert(value !== undefined, `no such field: ${path}`)
    return value
  }
  const optionalText = (path: string): string | undefined => {
    const value = of(path)
    return typeof value === 'string' ? value : undefined
  }
  const optionalInt = (path: string): number | null => {
    const value = of(path)
    return typeof value === 'number' ? value : null
  }
  return {
    optionalText,
    optionalInt,
    text: (path) => optionalText(path) ?? '',
    int: (path) => optionalInt(path) ?? 0,
    flag: (path) => of(path) === true,
    list: (path) => readTexts(of(path) ?? false) ?? undefined,
  }
}

function readField<T>(block: Block, field: Field<T>): Value | null {
  const value = take(block.tree, field.register)
  if (value === undefined) {
    if (field.required) block.faults.push({ path: block.at + field.path, found: 'nothing', allowed: allowedWords(field) })
    return field.fallback
  }
  if (hasKind(field.kind, value)) return value
  block.faults.push({ path: block.at + field.path, found: shown(value), allowed: allowedWords(field) })
  return field.fallback
}

function hasKind(kind: FieldKind, value: Value): boolean {
  if (kind === 'text') return typeof value === 'string'
  if (kind === 'int') return typeof value === 'number' && Number.isSafeInteger(value)
  return kind === 'flag' ? typeof value === 'boolean' : readTexts(value) !== null
}

export function allowedWords<T>(field: Field<T>): string {
  return field.choices.length > 0 ? field.choices.join(', ') : kindWords[field.kind]
}
