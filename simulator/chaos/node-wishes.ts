// What operators wish about whole boards, at one board each: what the CLI's commands `node drain`, `evict`, `eligibility`, `leave` and
// `replace` write.

import { opsFromRegisters, opsPaths } from '../../crdt/documents/ops.ts'
import { opsDocId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { type NodeView, isAwaited } from '../../crdt/view.ts'
import type { Change } from '../operator.ts'
import { later } from './faults-boards.ts'
import type { EventOf } from './plan.ts'
import { put } from './put.ts'
import type { Stage } from './stage.ts'

export function wishOfNode(stage: Stage, event: EventOf<'node'>): void {
  const { world, witness } = stage
  const doc = opsDocId(world.board(event.board).spec.id)
  if (event.wish === 'evicted') witness.excuse('evicted', event.board)
  if (event.wish === 'draining') witness.excuse('drained', event.board)
  put(stage, event.via, doc, said(event, true))
  if (event.wish === 'ineligible') witness.saw('ineligible')
  if (event.forMs !== null) later(stage, event.forMs, () => put(stage, event.via, doc, said(event, false)))
}

function said({ at, wish, sparesSystem, deadlineMs }: EventOf<'node'>, isWished: boolean): Change {
  switch (wish) {
    case 'draining': {
      const change = drain(isWished, isWished && sparesSystem === true)
      if (deadlineMs === undefined || !isWished) return change
      // The moment names the wish, as an operator's clock does.
      return (registers) => new Map([...change(registers), [opsPaths.drainSaidAtMs, at], [opsPaths.drainDeadlineMs, deadlineMs]])
    }
    case 'evicted':
      return () => new Map<string, Scalar>([[opsPaths.evicted, isWished]])
    case 'ineligible':
      return () => new Map<string, Scalar>([[opsPaths.eligible, !isWished]])
  }
}

/** A drain that was to end in leaving is taken back as a whole, and does not come back with the next one. */
function drain(isDraining: boolean, sparesSystem: boolean): Change {
  return (registers) => {
    const rest = new Map<string, boolean>([
      [opsPaths.drainIgnoresSystem, sparesSystem],
      [opsPaths.leave, false],
    ])
    const changed = [...rest].filter(([path, value]) => (registers.get(path) === true) !== value)
    return new Map<string, Scalar>([[opsPaths.draining, isDraining], ...changed])
  }
}

/** `node leave`, and maybe `node drain --off` while it lasts. */
export function leaveFleet(stage: Stage, { via, board, deadlineMs, forMs }: EventOf<'node-leave'>): void {
  const { world, witness } = stage
  const doc = opsDocId(world.board(board).spec.id)
  witness.excuse('drained', board)
  witness.leaving.wished(board, { at: world.queue.now, deadlineMs })
  put(stage, via, doc, (registers) => {
    const changes = new Map<string, Scalar>([...drain(true, false)(registers), [opsPaths.leave, true]])
    if (deadlineMs !== null || registers.has(opsPaths.leaveDeadlineMs)) changes.set(opsPaths.leaveDeadlineMs, deadlineMs)
    return changes
  })
  if (forMs !== null) later(stage, forMs, () => put(stage, via, doc, drain(false, false)))
}

/** `node replace --force`: what the new board is to be, then the one change that evicts the old one and names who takes over. */
export function replaceNode(stage: Stage, { via, board, by }: EventOf<'node-replace'>): void {
  const { world, witness } = stage
  const [old, fresh] = [world.board(board).spec.id, world.board(by).spec.id]
  const { state } = world.board(via).core ?? {}
  const [oldView, freshView] = [state?.view.nodes.get(old), state?.view.nodes.get(fresh)]
  if (state == null || oldView === undefined || freshView === undefined || !canSucceed(oldView, freshView))
    return witness.note(`${via} refuses to put ${by} in the place of ${board}`)
  const wishes = opsFromRegisters(state.docs.get(opsDocId(old))?.registers ?? new Map<string, Scalar>())
  if (!wishes.replacedBy.includes(fresh)) put(stage, via, opsDocId(fresh), legacyOf(oldView, wishes))
  witness.excuse('evicted', board)
  put(
    stage,
    via,
    opsDocId(old),
    () =>
      new Map([
        [opsPaths.evicted, true],
        [opsPaths.replacedBy(fresh), true],
      ]),
  )
  witness.saw('replaced')
}

function canSucceed({ replacedBy = [] }: NodeView, fresh: NodeView): boolean {
  return isAwaited(fresh) && !fresh.draining && replacedBy.every((id) => id === fresh.id)
}

/** Name and labels, and whether it gets copies. A drain was about the board that goes. */
function legacyOf({ name, pool, labels }: NodeView, { eligible }: { readonly eligible: boolean }): Change {
  return (registers) => {
    const changes = new Map<string, Scalar>([
      [opsPaths.admitted, pool],
      [opsPaths.name, name],
    ])
    for (const [key, value] of Object.entries(labels)) changes.set(opsPaths.label(key), value)
    if (opsFromRegisters(registers).eligible !== eligible) changes.set(opsPaths.eligible, eligible)
    return changes
  }
}
