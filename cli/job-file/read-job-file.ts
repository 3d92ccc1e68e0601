// The way in: a job file's text → the complete specification, or every fault that it has, each with its place. First the shapes
// (schema), then the meaning (the same rules that guard the documents), the latter also when some shapes are wrong: what is
// wrong is taken out first, so that one run shows everything.

import { type Fault, checkSpec } from '../../crdt/documents/job-rules.ts'
import { decodePart } from '../../crdt/documents/path-part.ts'
import { checkReferences } from '../../crdt/documents/reference-rules.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import { type FileFault, byPosition, faultLine } from './fault.ts'
import { expand, isForPools, patternsIn } from './for-pools.ts'
import { Reader } from './reader.ts'
import { type PathParts, type Source, readSource } from './source.ts'
import { toSpec } from './to-spec.ts'
import { jobSchema } from './schema.ts'
import { type SchemaFault, compile, describe, fault, validateShape, valueAt } from './validate.ts'

export type JobFile = { readonly ok: true; readonly spec: JobSpec } | { readonly ok: false; readonly faults: readonly FileFault[] }

const checkShape = compile(jobSchema())

export type JobFiles =
  | { readonly ok: true; readonly patterns: readonly string[] | null; readonly specs: readonly JobSpec[] }
  | { readonly ok: false; readonly faults: readonly FileFault[] }

export function readJobFile(file: string, text: string, pool?: string): JobFile {
  return readJob(readSource(file, text), pool)
}

/** Given every pattern of the file. */
export type PoolsHere = (patterns: readonly string[]) => Promise<readonly string[]>

/** A job for each pool that the file names; of a file without `pools` one, and no patterns. */
export async function readJobFiles(file: string, text: string, poolsHere: PoolsHere, pool?: string): Promise<JobFiles> {
  const source = readSource(file, text)
  if (!isForPools(source)) {
    const read = readJob(source, pool)
    return read.ok ? { ok: true, patterns: null, specs: [read.spec] } : read
  }
  const expanded = expand(source, await poolsHere(patternsIn(source)))
  if (!expanded.ok) return { ok: false, faults: once([...source.faults, ...expanded.faults]) }
  const read = expanded.sources.map((one) => readJob(one.source))
  const faults = read.flatMap((one) => (one.ok ? [] : one.faults))
  if (faults.length > 0) return { ok: false, faults: once(faults) }
  return { ok: true, patterns: expanded.patterns, specs: read.flatMap((one) => (one.ok ? [one.spec] : [])) }
}

/** Most are the same in every pool. */
function once(faults: readonly (FileFault | SchemaFault)[]): readonly FileFault[] {
  const byLine = new Map(faults.toSorted(byPosition).map((one) => [faultLine(one), asFileFault(one)]))
  return [...byLine.values()]
}

function readJob(source: Source, pool?: string): JobFile {
  if (source.value === null && source.faults.length > 0) return { ok: false, faults: source.faults }
  const shape = validateShape(source, checkShape)
  const sound = {
    ...source,
    value: without(
      source.value,
      shape.map((one) => one.parts),
    ),
  }
  const spec = toSpec(new Reader(sound, sound.value, []), pool)
  const rules = [...checkSpec(spec), ...checkReferences(spec)]
    .map((one) => ruleFault(source, one))
    .filter((one) => !shape.some((other) => isSameMatter(one.parts, other)))
  const faults = [...source.faults, ...shape, ...rules].toSorted(byPosition)
  return faults.length === 0 ? { ok: true, spec } : { ok: false, faults: faults.map(asFileFault) }
}

/** A copy without the values at these paths. Items stay in their lists, whose places in the file depend on their numbers. */
function without(value: unknown, paths: readonly PathParts[]): unknown {
  const copy = structuredClone(value)
  for (const parts of paths) {
    const last = parts.at(-1)
    const parent = valueAt(copy, parts.slice(0, -1))
    if (typeof last === 'string' && typeof parent === 'object' && parent !== null) delete (parent as Record<string, unknown>)[last]
  }
  return copy
}

/** A rule's fault, in the file's words and at its place in the file. */
function ruleFault(source: Source, { path, found, allowed }: Fault): SchemaFault {
  const parts = fileParts(source.value, cronPath(source.value, path))
  const value = valueAt(source.value, parts)
  // What the file leaves out is an empty text in the specification.
  return fault(source, parts, found === '""' && value === undefined ? describe(value) : found, allowed)
}

/** Files may say one pattern as `cron`: it is the first in the specification's list. */
function cronPath(value: unknown, path: string): string {
  const [, index] = /^periodic\/crons\/(\d+)$/.exec(path) ?? []
  if (index === undefined || valueAt(value, ['periodic', 'cron']) === undefined) return path
  return index === '0' ? 'periodic/cron' : `periodic/crons/${Number(index) - 1}`
}

/** Splits a rule's path; a number counts as one only where the file has a list (a group may be called 0). */
export function fileParts(value: unknown, path: string): PathParts {
  const parts: (string | number)[] = []
  for (const part of path === '' ? [] : path.split('/')) {
    const inList = Array.isArray(valueAt(value, parts)) && /^\d+$/.test(part)
    parts.push(inList ? Number(part) : decodePart(part))
  }
  return parts
}

/** Rules that only speak because a wrong value was taken out, or that repeat what the schema has said. */
function isSameMatter(parts: PathParts, other: SchemaFault): boolean {
  const below = (a: PathParts, b: PathParts): boolean => b.every((part, i) => a[i] === part)
  if (below(parts, other.parts) || below(other.parts, parts)) return true
  // Without its type or its interval nothing can be said about the rest of a check.
  const isOfCheck = other.parts.at(-3) === 'checks' && (other.parts.at(-1) === 'type' || other.parts.at(-1) === 'interval')
  if (isOfCheck && below(parts, other.parts.slice(0, -1))) return true
  // Without a driver nothing can be said about its configuration.
  return other.parts.at(-1) === 'driver' && below(parts, [...other.parts.slice(0, -1), 'config'])
}

function asFileFault({ file, line, column, path, found, allowed }: SchemaFault | FileFault): FileFault {
  return { file, line, column, path, found, allowed }
}
