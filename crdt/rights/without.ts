// A document as if some of its changes had never been made: what a void change wrote is not there, and what it had overwritten is back.
// Automerge keeps every operation and what it overwrites, so this is a matter of reading; who wins among rivals is Automerge's order.

import { type ChangeHash, compareText } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import type { HistoryEntry } from '../replica-history.ts'
import { type Snapshot, losers } from '../replica-state.ts'

interface Written {
  readonly path: string
  readonly value: Scalar
  readonly counter: number
  readonly actor: string
  readonly overwrites: readonly string[]
}

/** Registers and conflicts of these changes, without the void ones among them. */
export function readWithout(entries: Iterable<HistoryEntry>, voided: ReadonlySet<ChangeHash>): Omit<Snapshot, 'changed'> {
  const all = new Map<string, Written>()
  const standing: Written[] = []
  for (const { hash, actor, startOp, ops } of entries) {
    for (const [index, op] of ops.entries()) {
      const counter = startOp + index
      const written = { path: op.key ?? '', value: (op.value ?? null) as Scalar, counter, actor, overwrites: op.pred }
      all.set(`${counter}@${actor}`, written)
      if (!voided.has(hash)) standing.push(written)
    }
  }
  return snapshotOf(standing.filter(isVisible(all, standing)))
}

/** Not overwritten by anything that stands, be it by way of something void. */
function isVisible(all: ReadonlyMap<string, Written>, standing: readonly Written[]): (written: Written) => boolean {
  const hidden = new Set<string>()
  for (const { overwrites } of standing) for (const op of overwrites) hidden.add(op)
  for (const op of hidden) for (const older of all.get(op)?.overwrites ?? []) hidden.add(older)
  return ({ counter, actor }) => !hidden.has(`${counter}@${actor}`)
}

function snapshotOf(visible: readonly Written[]): Omit<Snapshot, 'changed'> {
  const byPath = new Map<string, Written[]>()
  for (const written of visible.toSorted((a, b) => a.counter - b.counter || compareText(a.actor, b.actor))) {
    const rivals = byPath.get(written.path)
    if (rivals === undefined) byPath.set(written.path, [written])
    else rivals.push(written)
  }
  const registers = new Map<string, Scalar>()
  const conflicts = new Map<string, readonly Scalar[]>()
  for (const [path, rivals] of byPath) {
    const winner = rivals.at(-1)?.value ?? null
    registers.set(path, winner)
    const lost = losers(rivals, winner)
    if (lost.length > 0) conflicts.set(path, lost)
  }
  return { registers, conflicts }
}
