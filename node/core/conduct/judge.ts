// Who is banned, from when until when. A ban ends connections with one peer and refuses new ones; it stops no task, evicts nobody, and what
// the peer has signed still counts when others bring it. Each ban ends by itself, and the next is twice as long.

import type { NodeId } from '../../../crdt/ids.ts'
import { isHeard } from '../admission.ts'
import { type State, type Step, note } from '../state.ts'
import { conductLimits } from './limits.ts'
import { type Offence, offences } from './offences.ts'
import { addPoints, banMs, noPoints } from './points.ts'
import { type ConductRecord, isShunned, recordOf } from './state.ts'

/** Holds it against the peer. Of boards that are not heard nothing is read anyhow, and keys of strangers cost nothing. */
export function blame(step: Step, peer: NodeId, code: Offence): void {
  const { state, now } = step
  const { points } = offences[code]
  if (points === 0 || peer === state.boot.config.self || state.conduct.bans.has(peer) || !isHeard(state, peer)) return
  const record = recordOf(state.conduct, peer, now)
  record.points = addPoints(record.points, points, now)
  if (record.points.sum >= conductLimits.bannedAtPoints) ban(step, peer, record, code)
}

function ban(step: Step, peer: NodeId, record: ConductRecord, code: Offence): void {
  const { state, now } = step
  record.bans = now - record.lastBanEnd > conductLimits.forgottenMs ? 1 : record.bans + 1
  record.points = noPoints
  const ms = banMs(record.bans)
  record.lastBanEnd = now + ms
  state.conduct.bansMade++
  state.conduct.bans.set(peer, { code, until: now + ms })
  note(step, `${nameOf(state, peer)} misbehaves: banned for ${ms / 1_000} s (${code})`, 'warn')
  weigh(step)
  if (isShunned(state, peer)) hangUp(step, peer)
}

/** After every event: bans that are over, and whether the others are carried out. */
export function conductDue(step: Step): void {
  const { bans } = step.state.conduct
  if (bans.size === 0) return
  for (const [peer, { until }] of bans) if (until <= step.now) lift(step, peer, 'is over')
  weigh(step)
}

export function conductDeadline({ conduct }: State): number {
  let at = Number.MAX_SAFE_INTEGER
  for (const { until } of conduct.bans.values()) at = Math.min(at, until)
  return at
}

/** An operator's word, on this board: nothing is held against the peer any more. */
export function forgive(step: Step, peer: NodeId): void {
  lift(step, peer, 'was ended by hand')
  step.state.conduct.records.delete(peer)
  weigh(step)
}

function lift(step: Step, peer: NodeId, how: string): void {
  step.state.conduct.bans.delete(peer)
  note(step, `the ban of ${nameOf(step.state, peer)} ${how}`)
}

/**
 * A board that has banned more than it still hears doubts itself first: its own memory may be bad, or all others are of a version that it
 * does not understand. It talks to everybody then, each envelope through the gate as ever; so no ban ever cuts a pool of two.
 */
function weigh(step: Step): void {
  const { conduct } = step.state
  const wasHeld = conduct.isHeld
  conduct.isHeld = conduct.bans.size === 0 || companyOf(step.state) >= conduct.bans.size
  if (wasHeld && !conduct.isHeld) note(step, 'more boards are banned here than are heard: none is kept out', 'warn')
  if (!wasHeld && conduct.isHeld) for (const peer of conduct.bans.keys()) hangUp(step, peer)
}

/** Connected boards of this pool that listen to this one and are listened to. */
function companyOf(state: State): number {
  let company = 0
  for (const [id, { pool, waitsThere }] of state.peers) {
    const isNeighbour = pool === state.boot.config.pool && waitsThere === null && !state.conduct.bans.has(id)
    if (isNeighbour && isHeard(state, id)) company++
  }
  return company
}

function hangUp(step: Step, peer: NodeId): void {
  if (step.state.peers.has(peer)) step.out.push({ kind: 'disconnect', peer, reason: 'it is banned here' })
}

function nameOf({ view }: State, peer: NodeId): string {
  const name = view.nodes.get(peer)?.name
  return name === undefined ? peer : `${name} (${peer})`
}
