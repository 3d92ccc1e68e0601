// The pool's nodes as columns: index 0..n−1 in order of id, so that the inner loops of a plan work on typed arrays and every
// sort can end in an index. Answers to constraints are computed once a plan and kept; a column is a function of the view.

import { compareText } from '../crdt/ids.ts'
import type { NodeId } from '../crdt/ids.ts'
import type { Affinity, Constraint } from '../crdt/spec.ts'
import type { NodeView, View } from '../crdt/view.ts'
import { holds } from './constraints.ts'
import { hashText } from './rendezvous.ts'
import type { Rejection } from './types.ts'

export interface Boards {
  readonly ids: readonly NodeId[]
  readonly nodes: readonly NodeView[]
  readonly indexOf: ReadonlyMap<NodeId, number>
  readonly hashes: Int32Array
  /** Why a node takes nothing new at all, whatever the group; null: it may. */
  readonly closed: readonly (Rejection | null)[]
  /** 1 where the constraint holds. */
  column(constraint: Constraint | Affinity): Uint8Array
  /** Health of a driver everywhere: `driverState`. */
  driver(name: string): Uint8Array
}

export const driverState = { healthy: 0, unhealthy: 1, missing: 2 } as const

export function boardsOf(view: View): Boards {
  const nodes = [...view.nodes.values()].sort((a, b) => compareText(a.id, b.id))
  const ids = nodes.map((node) => node.id)
  const columns = new Map<string, Uint8Array>()
  const drivers = new Map<string, Uint8Array>()
  return {
    ids,
    nodes,
    indexOf: new Map(ids.map((id, index) => [id, index])),
    hashes: Int32Array.from(ids, hashText),
    closed: nodes.map((node) => closedReason(node, view)),
    column(constraint) {
      const key = JSON.stringify([constraint.operator, constraint.attribute, constraint.value])
      let column = columns.get(key)
      if (column === undefined) {
        column = Uint8Array.from(nodes, (node) => (holds(constraint, node) ? 1 : 0))
        columns.set(key, column)
      }
      return column
    },
    driver(name) {
      let column = drivers.get(name)
      if (column === undefined) {
        column = Uint8Array.from(nodes, (node) => stateOfDriver(node, name))
        drivers.set(name, column)
      }
      return column
    },
  }
}

function stateOfDriver(node: NodeView, name: string): number {
  const health = Object.hasOwn(node.drivers, name) ? node.drivers[name] : undefined
  if (health === undefined) return driverState.missing
  return health.healthy ? driverState.healthy : driverState.unhealthy
}

function closedReason(node: NodeView, view: View): Rejection | null {
  if (node.evicted) return 'evicted'
  if (node.liveness === 'left') return 'left'
  if (node.liveness !== 'alive') return 'not-alive'
  if (!node.eligible) return 'ineligible'
  if (node.draining) return 'draining'
  if (node.planVersion < view.fleet.planVersion) return 'plan-version'
  if (node.documentFull) return 'document-full'
  return null
}
