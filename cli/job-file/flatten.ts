// A job file's data as a flat list of path → text, to compare two specifications field by field.

import { compareText } from '../../crdt/ids.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import { fromSpec } from './from-spec.ts'

export interface FieldChange {
  readonly path: string
  /** null: the field was not there. */
  readonly before: string | null
  readonly after: string | null
}

export function fieldsOf(spec: JobSpec): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  flatten(fromSpec(spec, { complete: true }), '', fields)
  return fields
}

/** In order of path; `null` stands for a job that does not exist. */
export function fieldChanges(before: JobSpec | null, after: JobSpec): readonly FieldChange[] {
  const old = before === null ? new Map<string, string>() : fieldsOf(before)
  const now = fieldsOf(after)
  const paths = [...new Set([...old.keys(), ...now.keys()])].toSorted(compareText)
  return paths
    .map((path) => ({ path, before: old.get(path) ?? null, after: now.get(path) ?? null }))
    .filter((change) => change.before !== change.after)
}

function flatten(value: unknown, path: string, into: Map<string, string>): void {
  if (typeof value !== 'object' || value === null) {
    into.set(path, String(value))
    return
  }
  if (Array.isArray(value) && value.every((item) => typeof item !== 'object')) {
    if (value.length > 0) into.set(path, JSON.stringify(value))
    return
  }
  const entries = Object.entries(value)
  if (entries.length === 0 && !Array.isArray(value)) into.set(path, '{}')
  for (const [key, item] of entries) flatten(item, path === '' ? key : Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, into)
}
