// What operators wish about a node: a document of its own, since only the node itself writes its node document. Absent means: admitted,
// eligible, not draining.

import { type NodeId, compareText, isPeerId } from '../ids.ts'
import type { Registers } from '../registers.ts'
import type { Drain, Leaving } from '../view.ts'
import { isBootId } from './clones.ts'
import { entriesOf } from './node.ts'
import { modelLimits } from './model-limits.ts'
import { decodePart, encodePart, isCanonicalPart } from './path-part.ts'
import { child, registerTree } from './register-tree.ts'
import { line } from './value-kind.ts'

export interface OpsRecord {
  /** The pool into which an operator has admitted the node; '': none has. */
  readonly admitted: string
  readonly evicted: boolean
  /** Boards that have taken its place, in order: it is evicted for good, whatever `evicted` says (docs/adr/0023). */
  readonly replacedBy: readonly NodeId[]
  /** The name that it has taken over; '': it is called what it calls itself. */
  readonly name: string
  readonly draining: boolean
  /** Copies of system jobs stay while the node drains. */
  readonly drainIgnoresSystem: boolean
  /** How it drains, if that was said; null: it does not, or it drains in order to leave. */
  readonly drain: Drain | null
  /** It is to leave once it is drained; null: it is not. */
  readonly leaving: Leaving | null
  readonly eligible: boolean
  /** Clones of the board that are to go, by id (`clones.ts`). */
  readonly out: ReadonlySet<string>
  readonly labels: Readonly<Record<string, string>>
  /** Labels of its own configuration that count no more. */
  readonly unset: ReadonlySet<string>
  /** −100..100; part of the rank. */
  readonly weight: number
}

export const opsPaths = {
  admitted: 'admitted',
  evicted: 'evicted',
  draining: 'draining',
  drainIgnoresSystem: 'drain_ignores_system',
  eligible: 'eligible',
  weight: 'weight',
  by: 'by',
  note: 'note',
  /** An operator's word that boards of other pools can check, who do not hold this document (`crdt/admission/`), in base64. */
  certificate: 'x/certificate',
  /** Beside `draining`, as what follows: wall ms at which the operator said it (so each word is a new wish), and how long it may take. */
  drainSaidAtMs: 'x/drain_said_at_ms',
  drainDeadlineMs: 'x/drain_deadline_ms',
  drainMessage: 'x/drain_message',
  /** Beside `draining`, which agents that do not know of this carry out; when that is taken back, so is this. */
  leave: 'x/leave',
  leaveDeadlineMs: 'x/leave_deadline_ms',
  out: (clone: string): string => `x/out/${clone}`,
  /** One register for each board that takes its place: what two operators say on two sides of a cut is all known after the merge. */
  replacedBy: (node: string): string => `x/replaced_by/${node}`,
  name: 'x/name',
  label: (key: string): string => `label/${encodePart(key)}`,
  unset: (key: string): string => `x/unset/${encodePart(key)}`,
} as const

export const opsDefaults: OpsRecord = Object.freeze({
  admitted: '',
  evicted: false,
  replacedBy: [],
  name: '',
  draining: false,
  drainIgnoresSystem: false,
  drain: null,
  leaving: null,
  eligible: true,
  out: new Set<string>(),
  labels: Object.freeze({}),
  unset: new Set<string>(),
  weight: 0,
})

export function opsFromRegisters(registers: Registers): OpsRecord {
  const weight = registers.get(opsPaths.weight)
  const admitted = registers.get(opsPaths.admitted)
  return {
    admitted: typeof admitted === 'string' ? admitted : '',
    evicted: registers.get(opsPaths.evicted) === true,
    replacedBy: namedBelow(registers, opsPaths.replacedBy(''))
      .filter((id): id is NodeId => isPeerId(id))
      .sort(compareText),
    name: nameOf(registers),
    draining: registers.get(opsPaths.draining) === true,
    drainIgnoresSystem: registers.get(opsPaths.drainIgnoresSystem) === true,
    drain: drainOf(registers),
    leaving: leavingOf(registers),
    eligible: registers.get(opsPaths.eligible) !== false,
    out: outOf(registers),
    labels: entriesOf(child(registerTree(registers, ''), 'label')),
    unset: unsetOf(registers),
    weight: typeof weight === 'number' && Number.isSafeInteger(weight) ? Math.min(100, Math.max(-100, weight)) : 0,
  }
}

/** A drain of before, or of a command line that does not know of this, has no end. */
function drainOf(registers: Registers): Drain | null {
  if (registers.get(opsPaths.draining) !== true || registers.get(opsPaths.leave) === true) return null
  const saidAtMs = lengthOf(registers, opsPaths.drainSaidAtMs)
  if (saidAtMs === null) return null
  return { saidAtMs, deadlineMs: lengthOf(registers, opsPaths.drainDeadlineMs), message: lineOf(registers, opsPaths.drainMessage) }
}

function leavingOf(registers: Registers): Leaving | null {
  if (registers.get(opsPaths.draining) !== true || registers.get(opsPaths.leave) !== true) return null
  return { deadlineMs: lengthOf(registers, opsPaths.leaveDeadlineMs) }
}

function lengthOf(registers: Registers, path: string): number | null {
  const value = registers.get(path)
  return typeof value === 'number' && value >= 0 ? value : null
}

function unsetOf(registers: Registers): ReadonlySet<string> {
  const parts = namedBelow(registers, opsPaths.unset('')).filter(isCanonicalPart)
  return parts.length === 0 ? opsDefaults.unset : new Set(parts.map(decodePart))
}

const nobody: ReadonlySet<string> = new Set<string>()

function outOf(registers: Registers): ReadonlySet<string> {
  const out = namedBelow(registers, opsPaths.out(''))
  return out.length === 0 ? nobody : new Set(out.filter(isBootId))
}

/** What is said to be so below the prefix. */
function namedBelow(registers: Registers, prefix: string): string[] {
  return [...registers].flatMap(([path, value]) => (value === true && path.startsWith(prefix) ? [path.slice(prefix.length)] : []))
}

const isWord = line(modelLimits.wordBytesMax)
const isLine = line(modelLimits.lineBytesMax)

/** What stands below `x/` may be anything. */
function nameOf(registers: Registers): string {
  const name = registers.get(opsPaths.name)
  return typeof name === 'string' && isWord(name) === null ? name : ''
}

function lineOf(registers: Registers, path: string): string {
  const value = registers.get(path)
  return typeof value === 'string' && isLine(value) === null ? value : ''
}
