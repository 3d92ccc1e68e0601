// The whole pool at a glance, and the fleet.

import type { Reply } from '../../../crdt/api-types.ts'
import { compareText, fleetDocId } from '../../../crdt/ids.ts'
import { fleetFromRegisters } from '../../../crdt/documents/fleet.ts'
import { poolSummaries } from '../pools.ts'
import type { Step } from '../state.ts'
import { coverageOf } from './coverage.ts'
import { jobRows } from './jobs.ts'
import { nodeRows } from './nodes.ts'

export function statusReply(step: Step): Reply {
  const { state, now } = step
  return {
    kind: 'status',
    coverage: coverageOf(step),
    pools: poolSummaries(state, now),
    nodes: nodeRows(state, now),
    jobs: jobRows(state),
    events: state.events.slice(-20),
  }
}

export function fleetReply(step: Step): Reply {
  const { state, now } = step
  const doc = state.docs.get(fleetDocId)
  const fleet = doc === undefined ? undefined : fleetFromRegisters(doc.registers)
  const operators = [...(fleet?.operators ?? [])]
    .map(([id, role]) => ({ id: id as string, role: role as string, name: fleet?.operatorNames.get(id) ?? '' }))
    .sort((a, b) => compareText(a.id, b.id))
  return {
    kind: 'fleet',
    coverage: coverageOf(step),
    name: state.view.fleet.name,
    planVersion: state.view.fleet.planVersion,
    operators,
    pools: poolSummaries(state, now),
  }
}
