// A table of path patterns and what their registers may hold, compiled into a tree of parts: the whitelist of one document kind.
// Patterns are literal parts and `:kinds`. A lookup reads each part once and never backtracks, so its work is bounded by the path.

import { type NodeId, isName, isPeerId } from '../ids.ts'
import { modelLimits } from './model-limits.ts'
import { isCanonicalPart } from './path-part.ts'
import { hasControls, isWellFormed, utf8Bytes } from './text-size.ts'
import type { ValueCheck } from './value-kind.ts'

type PartCheck = (part: string) => boolean

/** 0 … countMax − 1, without leading zeros: one spelling for one slot. */
function isIndex(part: string): boolean {
  return /^(0|[1-9][0-9]{0,4})$/.test(part) && Number(part) < modelLimits.countMax
}

/** The last part of a slot: its number, or whose it is; null: neither. */
export function placeOf(part: string): number | NodeId | null {
  if (isPeerId(part)) return part as NodeId
  return isIndex(part) ? Number(part) : null
}

const partKinds: Readonly<Record<string, PartCheck>> = {
  ':name': isName,
  ':index': isIndex,
  ':peer': isPeerId,
  ':place': (part) => placeOf(part) !== null,
  ':hash': (part) => /^[0-9a-f]{16}$/.test(part),
  ':sha256': (part) => /^[0-9a-f]{64}$/.test(part),
  ':key': (part) => isCanonicalPart(part) && utf8Bytes(part) <= modelLimits.partBytesMax && isWellFormed(part) && !hasControls(part),
}

export interface PathTable {
  check: ValueCheck | null
  readonly literal: Map<string, PathTable>
  readonly kinds: { readonly kind: string; readonly accepts: PartCheck; readonly next: PathTable }[]
}

function emptyTable(): PathTable {
  return { check: null, literal: new Map(), kinds: [] }
}

export function pathTable(patterns: readonly (readonly [string, ValueCheck])[]): PathTable {
  const root = emptyTable()
  for (const [pattern, check] of patterns) {
    let at = root
    for (const part of pattern.split('/')) at = part.startsWith(':') ? kindChild(at, part) : literalChild(at, part)
    at.check = check
  }
  return root
}

function literalChild(at: PathTable, part: string): PathTable {
  const known = at.literal.get(part)
  if (known !== undefined) return known
  const next = emptyTable()
  at.literal.set(part, next)
  return next
}

function kindChild(at: PathTable, kind: string): PathTable {
  const known = at.kinds.find((one) => one.kind === kind)
  if (known !== undefined) return known.next
  const accepts = partKinds[kind]
  if (accepts === undefined) throw new TypeError(`no such part kind: ${kind}`)
  const next = emptyTable()
  at.kinds.push({ kind, accepts, next })
  return next
}

/** The check for a path's value; null when the table does not know the path. */
export function findPath(table: PathTable, path: string): ValueCheck | null {
  let at: PathTable | undefined = table
  for (const part of path.split('/')) {
    at = at.literal.get(part) ?? at.kinds.find((one) => one.accepts(part))?.next
    if (at === undefined) return null
  }
  return at.check
}

/** The shape that any path has, known or not: few parts, none of them empty or unreadable. */
export function isBoundedPath(path: string): boolean {
  if (path.length > modelLimits.pathBytesMax || utf8Bytes(path) > modelLimits.pathBytesMax) return false
  if (!isWellFormed(path) || hasControls(path)) return false
  const parts = path.split('/')
  return parts.length <= modelLimits.partsMax && parts.every((part) => part !== '' && utf8Bytes(part) <= modelLimits.partBytesMax)
}
