// The whole pool at a glance, and the fleet.

import type { OperatorRow, Reply } from '../../../crdt/api-types.ts'
import { type OperatorId, compareText } from '../../../crdt/ids.ts'
import { fleetFromRegisters, operatorUntil } from '../../../crdt/documents/fleet.ts'
import type { Registers } from '../../../crdt/registers.ts'
import type { FleetView, Role } from '../../../crdt/view.ts'
import { poolSummaries } from '../pools.ts'
import { rightsHere } from '../documents.ts'
import type { Step } from '../state.ts'
import { banRows } from './bans.ts'
import { coverageOf } from './coverage.ts'
import { jobRows } from './jobs.ts'
import { waitsRow } from './pending.ts'
import { nodeRows } from './nodes.ts'

export function statusReply(step: Step): Reply {
  const { state, now } = step
  const waits = waitsRow(step)
  const bans = banRows(state, now)
  return {
    kind: 'status',
    coverage: coverageOf(step),
    pools: poolSummaries(state, now),
    nodes: nodeRows(state, now),
    jobs: jobRows(state),
    events: state.events.slice(-20),
    ...(waits === undefined ? {} : { waits }),
    ...(bans.length === 0 ? {} : { bans }),
  }
}

export function fleetReply(step: Step): Reply {
  const { state, now } = step
  const rights = rightsHere(state)
  const registers = rights?.doc.registers ?? new Map()
  const names = fleetFromRegisters(registers).operatorNames
  const operators = [...(rights?.standing ?? [])]
    .map(([id, grant]): OperatorRow => ({
      id,
      ...grant,
      name: names.get(id as OperatorId) ?? '',
      ...untilOf(registers, id as OperatorId, grant.role),
      revoked: rights?.revoked.has(id) === true,
    }))
    .sort((a, b) => compareText(a.id, b.id))
  return {
    kind: 'fleet',
    coverage: coverageOf(step),
    name: state.view.fleet.name,
    planVersion: state.view.fleet.planVersion,
    operators,
    pools: poolSummaries(state, now),
    ...algorithmsOf(state.view.fleet),
    ...preemptionOf(state.view.fleet),
  }
}

function algorithmsOf({ algorithms }: FleetView): Pick<Extract<Reply, { kind: 'fleet' }>, 'algorithms'> {
  return algorithms === undefined ? {} : { algorithms: Object.fromEntries(algorithms) }
}

function preemptionOf({ preemption }: FleetView): Pick<Extract<Reply, { kind: 'fleet' }>, 'preemption'> {
  if (preemption === undefined) return {}
  return { preemption: Object.fromEntries([...preemption].map(([pool, kinds]) => [pool, Object.fromEntries(kinds)])) }
}

/** An admin's time is never over. */
function untilOf(registers: Registers, id: OperatorId, role: Role): Pick<OperatorRow, 'untilMs'> {
  const untilMs = role === 'admin' ? null : operatorUntil(registers, id)
  return untilMs === null ? {} : { untilMs }
}
