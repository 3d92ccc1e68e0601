// Boards that are not admitted: those that wait here, those that others told of, and those beyond their token's count. And whether this
// board is one of them.

import type { PendingRow, WaitsRow } from '../../../crdt/api-nodes.ts'
import type { Reply } from '../../../crdt/api-types.ts'
import { shortCode } from '../../../crdt/admission/short-code.ts'
import { type NodeId, compareText } from '../../../crdt/ids.ts'
import { coreLimits } from '../limits.ts'
import { neighboursOf } from '../liveness/liveness.ts'
import { type State, type Step, isEvicted } from '../state.ts'
import { waitsEverywhere } from '../admission.ts'
import { waitingHere } from '../waiting-room.ts'
import type { WaitingBoard } from '../wire.ts'
import { isHeard } from '../admission.ts'
import { coverageOf } from './coverage.ts'

export function pendingReply(step: Step): Reply {
  const { state, env } = step
  const { self, fleet, name } = state.boot.config
  const rows = new Map<NodeId, PendingRow>()
  const add = (board: Omit<WaitingBoard, 'reason'> & Pick<PendingRow, 'reason'>, at: readonly string[]): void => {
    const { node, ...told } = board
    const known = rows.get(node)
    const code = shortCode(env.crypto, fleet, node)
    rows.set(node, known === undefined ? { id: node, code, ...told, at } : { ...known, at: [...known.at, ...at] })
  }
  for (const board of waitingHere(state)) add(board, [name])
  for (const [node, { waiting, heardAt }] of [...state.rooms].sort(([a], [b]) => compareText(a, b))) {
    // It was another who told: by now this board may know that one of them is a member.
    if (node === self || step.now - heardAt > coreLimits.roomKeptMs) continue
    for (const board of waiting) if (!isDecided(state, board.node)) add(board, [nameOf(state, node)])
  }
  for (const { id: node, pool, name: called, capacity, attributes, admission } of state.view.nodes.values()) {
    if (admission !== 'surplus') continue
    const about = `${attributes['cpu.arch'] ?? ''}, ${capacity.cpuMhz} MHz, ${capacity.memoryMib} MiB`
    const at = neighboursOf(state.liveness, node).map((id) => nameOf(state, id))
    add({ node, pool, name: called, about, reason: admission }, at)
  }
  const boards = [...rows.values()].sort((a, b) => compareText(a.pool, b.pool) || compareText(a.name, b.name) || compareText(a.id, b.id))
  return { kind: 'pending', coverage: coverageOf(step), boards }
}

function isDecided(state: State, node: NodeId): boolean {
  return state.view.nodes.has(node) && (isHeard(state, node) || isEvicted(state, node))
}

function nameOf(state: State, node: NodeId): string {
  return state.view.nodes.get(node)?.name ?? node
}

/** undefined: this board is a member, as far as it and its peers know. */
export function waitsRow({ state, env }: Step): WaitsRow | undefined {
  const { self, fleet } = state.boot.config
  const own = state.view.nodes.get(self)?.admission
  const reason = own === undefined || own === 'surplus' ? waitsEverywhere(state) : own
  return reason === null ? undefined : { reason, id: self, code: shortCode(env.crypto, fleet, self) }
}
