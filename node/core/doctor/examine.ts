// What this board knows that a diagnosis needs, as plain data: read from the core's state, changed by nothing. Whoever carries the effect
// out adds what has to be looked at (disk, memory, names, ways to others) and asks other boards for theirs.

import { rootOf } from '../../../crdt/anti-entropy.ts'
import type { BoardSeen, Examination, FallSeen, LinkSeen } from '../../../crdt/api-doctor.ts'
import { docCount } from '../../../crdt/digest-index.ts'
import { compareText, slotParts } from '../../../crdt/ids.ts'
import { type Claim, type NodeView, hasEnded, isAwaited } from '../../../crdt/view.ts'
import type { Effect } from '../effect.ts'
import { recent } from '../liveness/falls.ts'
import { neighboursOf } from '../liveness/liveness.ts'
import { newestPsk } from '../psk.ts'
import { waitsRow } from '../queries/pending.ts'
import { claimsByNode } from '../queries/nodes.ts'
import { coverageOf } from '../queries/coverage.ts'
import type { State, Step } from '../state.ts'
import { doctorLimits as limits } from './limits.ts'
import { hostIn } from './scene.ts'

/** `alone`: another board asks, and does so of others itself. */
export function examine(step: Step, id: number, alone: boolean): void {
  const { state } = step
  const { self } = state.boot.config
  const others = [...state.view.nodes.values()].filter((node) => node.id !== self && isAwaited(node))
  const examination = examinationOf(step, alone)
  // Who is connected answers soonest.
  const alive = others.filter(({ liveness }) => liveness === 'alive').map((node) => node.id)
  const [near, afar] = [alive.filter((id) => state.peers.has(id)), alive.filter((id) => !state.peers.has(id))]
  const ask = [...near.sort(compareText), ...afar.sort(compareText).slice(0, limits.askedAfarMax)].slice(0, limits.askedMax)
  step.out.push({
    kind: 'examine',
    id,
    examination,
    ask: alone ? [] : ask,
    tries: triesOf(state, others),
    hosts: [...new Set(others.flatMap(({ addresses }) => textsOf(addresses).flatMap((address) => hostIn(address) ?? [])))],
    coverage: coverageOf(step),
    alone,
  })
}

/** Addresses to try now: of those who are silent, and of those who are connected, who may have dialled only themselves. */
function triesOf(state: State, others: readonly NodeView[]): Extract<Effect, { kind: 'examine' }>['tries'] {
  const rank = ({ id, liveness }: NodeView): number => (liveness !== 'alive' ? 0 : state.peers.has(id) ? 1 : 2)
  return others
    .toSorted((a, b) => rank(a) - rank(b) || compareText(a.id, b.id))
    .flatMap(({ id, addresses }) =>
      textsOf(addresses)
        .slice(0, limits.triesPerBoardMax)
        .map((address) => ({ node: id, address })),
    )
    .slice(0, limits.triesMax)
}

function examinationOf(step: Step, isShort: boolean): Examination {
  const { state, now, env } = step
  const { config } = state.boot
  const { signs, storeProblem } = state
  return {
    node: config.self,
    name: state.view.nodes.get(config.self)?.name ?? config.name,
    pool: config.pool,
    version: config.version,
    upMs: Math.trunc(now - state.boot.now),
    wallMs: Math.trunc(now + state.wallOffset),
    isClockSynchronised: state.time.isSynchronised,
    isCatchingUp: !state.acting,
    documents: {
      hash: rootOf(env.crypto, state.index.pool),
      count: docCount(state.index.pool),
      quietMs: Math.trunc(now - state.lastChangeAt),
    },
    oldDisk: state.epochJumps.count,
    storeProblem:
      storeProblem === null
        ? null
        : { reason: storeProblem.slice(0, limits.reasonMax), sinceMs: Math.trunc(now - (signs.storeSince ?? now)) },
    waits: waitsRow(step)?.reason ?? null,
    moved: signs.moved === null ? null : { before: textsOf(signs.moved.before), agoMs: Math.trunc(now - signs.moved.at) },
    addresses: textsOf(state.addresses),
    links: linksSeen(state, now),
    falls: fallsSeen(state, now),
    boards: boardsSeen(state, now, isShort),
    bans: [...state.conduct.bans]
      .map(([node, { code, until }]) => ({ node, code, leftMs: Math.max(0, Math.trunc(until - now)), isHeld: state.conduct.isHeld }))
      .sort((a, b) => compareText(a.node, b.node))
      .slice(0, limits.rowsMax),
  }
}

/** What others write into documents is cut to what every board accepts in an answer: one member must not spoil what all others say. */
function textsOf(texts: Iterable<string>): string[] {
  return [...texts].filter((text) => text.length <= limits.textMax).slice(0, limits.perBoardMax)
}

function linksSeen({ liveness, view }: State, now: number): LinkSeen[] {
  return [...liveness.links.values()]
    .filter(({ peer }) => view.nodes.has(peer))
    .map(({ peer, named, proofAt, echo, round, dueAt }) => ({
      node: peer,
      isNamed: named !== null,
      // What is not due to be asked is as it was.
      provedMs: proofAt === null ? null : round === null && dueAt >= now ? 0 : Math.trunc(now - proofAt),
      roundTripMs: echo === null ? null : echo.least,
    }))
    .sort((a, b) => Number(b.isNamed) - Number(a.isNamed) || compareText(a.node, b.node))
    .slice(0, limits.linksMax)
}

function fallsSeen({ liveness }: State, now: number): FallSeen[] {
  return [...liveness.falls]
    .flatMap(([node, { times, unheard, isOver }]): FallSeen[] => {
      const within = recent(liveness, times)
      const last = times.at(-1)
      if (last === undefined || (isOver && within.length === 0)) return []
      return [{ node, agoMs: Math.trunc(now - last), times: within.length, unheard, isOver }]
    })
    .slice(0, limits.rowsMax)
}

function boardsSeen(state: State, now: number, isShort: boolean): BoardSeen[] {
  const { self } = state.boot.config
  const byNode = claimsByNode(state)
  const rows = [...state.view.nodes.values()].map((node) =>
    boardSeen(
      state,
      now,
      node,
      (byNode.get(node.id) ?? []).filter((claim) => !hasEnded(claim)),
    ),
  )
  const told = isShort ? rows.filter((row) => row.node === self || isWorthTelling(row)) : rows
  // Of itself it alone can speak, also where it is the last of many.
  const rank = ({ node }: BoardSeen): number => Number(node !== self)
  return told
    .sort((a, b) => rank(a) - rank(b) || compareText(a.name, b.name) || compareText(a.node, b.node))
    .slice(0, isShort ? limits.boardsMax : undefined)
}

function isWorthTelling({ liveness, returns, clones, driversDown }: BoardSeen): boolean {
  return liveness !== 'alive' || returns.length > 0 || clones.length > 0 || driversDown.length > 0
}

function boardSeen(state: State, now: number, node: NodeView, claims: readonly Claim[]): BoardSeen {
  const { liveness } = state
  const member = liveness.members.get(node.id)
  const isAlive = node.liveness === 'alive'
  const newest = newestPsk(state)
  return {
    node: node.id,
    name: node.name.slice(0, limits.textMax),
    liveness: node.liveness,
    silentMs: isAlive || member === undefined ? 0 : Math.trunc(now - member.lostAt),
    pathMs: member?.pathAt == null ? null : Math.trunc(now - member.pathAt),
    returns: recent(liveness, member?.returns ?? [])
      .slice(-limits.perBoardMax)
      .map((at) => Math.trunc(now - at)),
    neighbours: textsOf(neighboursOf(liveness, node.id)),
    addresses: textsOf(node.addresses),
    evicted: node.evicted,
    waits: node.admission === undefined || node.admission === 'surplus' ? null : node.admission,
    clones: (node.clones ?? []).slice(0, limits.perBoardMax).map(({ where }) => where.slice(0, limits.textMax)),
    driversDown: driversDown(state, node, claims),
    lacksPsk: newest !== '' && node.psk !== undefined && node.psk !== newest,
    copies: claims.length,
  }
}

/** An engine that was never there, and that nothing here needs, is none that is down. */
function driversDown(state: State, node: NodeView, claims: readonly Claim[]): BoardSeen['driversDown'] {
  const isSelf = node.id === state.boot.config.self
  return Object.entries(node.drivers)
    .filter(([, { healthy }]) => !healthy)
    .filter(([driver]) => driver.length <= limits.wordMax)
    .map(([driver, { reason }]) => ({
      driver,
      reason: reason.slice(0, limits.reasonMax),
      copies: claims.filter((claim) => needs(state, claim, driver)).length,
    }))
    .filter(({ driver, copies }) => copies > 0 || (isSelf && state.signs.wasWell.has(driver)))
    .sort((a, b) => compareText(a.driver, b.driver))
    .slice(0, limits.driversMax)
}

function needs({ view }: State, { slot }: Claim, driver: string): boolean {
  const { job, group } = slotParts(slot)
  const spec = view.jobs.get(job)?.spec?.groups.find(({ name }) => name === group)
  return spec?.tasks.some((task) => task.driver === driver) === true
}
