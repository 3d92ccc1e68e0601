// One file for several pools: `pools` names them by patterns, and `overrides` sets single fields where a pool differs. Expanded, it is one
// source for each pool, as if somebody had written that file: it goes through the same reader, and a fault in what an override sets is shown
// where the override says it.

import { matches } from '../../crdt/rights/pattern.ts'
import { jobFileLimits } from './limits.ts'
import { type Rule, anything, block, listOf, mapOf, optional, poolPattern } from './rules.ts'
import { type PathParts, type Place, type Source, pathOf } from './source.ts'
import { nearest } from './suggest.ts'
import { type SchemaFault, compile, fault, validateShape } from './validate.ts'

/** A job of that pool, as a file of its own. */
export interface PoolSource {
  readonly pool: string
  readonly source: Source
}

export type Expanded =
  | { readonly ok: true; readonly patterns: readonly string[]; readonly sources: readonly PoolSource[] }
  | { readonly ok: false; readonly faults: readonly SchemaFault[] }

interface Override {
  readonly pools: readonly string[]
  readonly set: Readonly<Record<string, unknown>>
}

interface Head {
  readonly pools: readonly string[]
  readonly overrides?: readonly Override[]
}

type Data = Record<string, unknown>

const patternsRule = (): Rule => listOf(poolPattern(), 'names of pools, * for any characters')
const override = (): Rule => block({ pools: patternsRule(), set: mapOf(anything(), 'paths to values', (key) => key !== '', 'a path') })
const checkHead = compile(block({ pools: patternsRule(), overrides: optional(listOf(override(), 'overrides: { pools, set }')) }))

/** Below these the author chooses the names: one that is not there would be another group, task, check or port. */
const named: ReadonlySet<string> = new Set(['groups', 'tasks', 'checks', 'ports'])
/** Below these a name may have dots. */
const free: ReadonlySet<string> = new Set(['env', 'meta', 'header', 'targets'])

export function isForPools({ value }: Source): boolean {
  return isMap(value) && (Object.hasOwn(value, 'pools') || Object.hasOwn(value, 'overrides'))
}

/** Every pattern, also those of overrides, of a file that may have faults. */
export function patternsIn({ value }: Source): readonly string[] {
  const { pools, overrides } = value as Data
  const lists = [pools, ...(Array.isArray(overrides) ? overrides : []).map((one) => (isMap(one) ? one['pools'] : []))]
  return lists.flatMap((list) => (Array.isArray(list) ? list : [])).filter((one) => typeof one === 'string')
}

/** `pools`: those that there are. */
export function expand(source: Source, pools: readonly string[]): Expanded {
  const { pools: patterns, overrides, ...job } = source.value as Data
  const head = Object.fromEntries(Object.entries({ pools: patterns, overrides }).filter(([, value]) => value !== undefined))
  const shape = validateShape({ ...source, value: head }, checkHead)
  const twice = Object.hasOwn(job, 'pool') ? [fault(source, ['pool'], 'pool and pools', 'one of them', 'key')] : []
  if (shape.length + twice.length > 0) return { ok: false, faults: [...shape, ...twice] }
  const said = head as unknown as Head
  if (said.pools.length > jobFileLimits.poolPatternsMax)
    return {
      ok: false,
      faults: [fault(source, ['pools'], `${said.pools.length} of them`, `at most ${jobFileLimits.poolPatternsMax}, with * for many`)],
    }
  const faults: SchemaFault[] = []
  const chosen = pools.filter((pool) => said.pools.some((pattern) => matches(pattern, pool)))
  const sources = chosen.map((pool) => ({ pool, source: sourceFor(source, job, said, pool, faults) }))
  return faults.length > 0 ? { ok: false, faults } : { ok: true, patterns: said.pools, sources }
}

function sourceFor(source: Source, job: Data, { overrides = [] }: Head, pool: string, faults: SchemaFault[]): Source {
  const value: Data = { ...structuredClone(job), pool }
  const keys = new Map(source.keys)
  const values = new Map(source.values)
  for (const [index, { pools, set }] of overrides.entries()) {
    if (!pools.some((pattern) => matches(pattern, pool))) continue
    for (const [path, wanted] of Object.entries(set)) {
      const from = ['overrides', index, 'set', path]
      const to = put(value, path, structuredClone(wanted), (found, allowed) => faults.push(fault(source, from, found, allowed, 'key')))
      for (const places of [keys, values]) movePlaces(places, from, to)
    }
  }
  return { ...source, value, keys, values }
}

/** Whatever is wrong with the value is shown at the override. */
function movePlaces(places: Map<string, Place>, from: PathParts, to: PathParts): void {
  const [old, now] = [pathOf(from), pathOf(to)]
  for (const [path, place] of [...places]) if (path === old || path.startsWith(`${old}/`)) places.set(now + path.slice(old.length), place)
}

type Refuse = (found: string, allowed: string) => void

/** Sets the value there, and says where that is. A block that the file leaves out is made; what is no block of a job the schema refuses. */
function put(data: Data, path: string, value: unknown, refuse: Refuse): PathParts {
  const parts: string[] = []
  let at = data
  for (let rest = path; ;) {
    const key = keyOf(at, rest, parts.at(-1) ?? '')
    if (key === null) {
      const first = rest.split('.')[0] ?? ''
      const meant = nearest(first, Object.keys(at))
      const where = [...parts, first].join('.')
      refuse(
        `the path '${path}', which names nothing: there is no ${where}${meant === null ? '' : ` (did you mean '${meant}'?)`}`,
        'a path of this file',
      )
      return parts
    }
    parts.push(key)
    if (key.length === rest.length) {
      at[key] = value
      return parts
    }
    rest = rest.slice(key.length + 1)
    at[key] ??= {}
    if (!isMap(at[key])) {
      refuse(`the path '${path}', which leads into a value`, `a path that ends at ${parts.join('.')}: lists and texts are set as a whole`)
      return parts
    }
    at = at[key]
  }
}

/** The next part of a path; null: it would name something that is not there. Keys may hold dots themselves: the longest that fits is meant. */
function keyOf(at: Data, rest: string, inside: string): string | null {
  const fits = Object.keys(at).filter((key) => rest === key || rest.startsWith(`${key}.`))
  const longest = fits.toSorted((a, b) => b.length - a.length)[0]
  if (longest !== undefined) return longest
  // Every object of the program has it: whatever is set there would be set in all of them.
  if (named.has(inside) || rest.split('.')[0] === '__proto__') return null
  return free.has(inside) ? rest : (rest.split('.')[0] ?? '')
}

function isMap(value: unknown): value is Data {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
