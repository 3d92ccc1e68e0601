// Plays a scenario on the real core in virtual time. Nothing here decides anything: it carries out the timeline and looks at the
// boards' drivers in between.

import { assert } from '../../crdt/errors.ts'
import { type NodeId, keyOfPeerId } from '../../crdt/ids.ts'
import type { Board } from '../board.ts'
import { chaosCrypto } from '../chaos/crypto.ts'
import { cheapIdentity, cheapSigner } from '../cheap-crypto.ts'
import { createOperator } from '../operator.ts'
import { createPrng } from '../prng.ts'
import { World } from '../world.ts'
import { type Stage, order } from './orders.ts'
import { placeAsFound } from './placed.ts'
import { Record, lookMs } from './record.ts'
import { type Report, reportOf } from './report.ts'
import { type DnsState, type Scenario, type ScenarioAction, type ScenarioEvent, actionText, listed } from './scenario.ts'
import { settle, settleMsMax } from './settle.ts'

/** `progress` is told the virtual time now and then, ms. */
export function playScenario(scenario: Scenario, progress: (atMs: number) => void = () => {}): Report {
  const stage = createStage(scenario)
  const { world, record } = stage
  begin(stage)
  for (const event of scenario.timeline) {
    world.queue.at(record.zeroMs + event.atMs, () => {
      record.happened(event, actionText(event))
      act(stage, event)
    })
  }
  const endMs = record.zeroMs + scenario.durationMs
  while (world.queue.now < endMs) {
    world.run(Math.min(lookMs, endMs - world.queue.now))
    record.look(world)
    const atMs = record.now(world)
    if (atMs % 1_000 === 0) progress(atMs)
  }
  return reportOf(scenario, record, world)
}

/** Until 0:00. Boards that join later are counted from there, too. */
function begin(stage: Stage): void {
  const { scenario, world, record } = stage
  const early: Board[] = []
  for (const { name, kbitPerS, joinsMs } of scenario.boards) {
    const board = world.board(name)
    if (kbitPerS !== null) world.links.uplinks.set(board.spec.id, kbitPerS)
    if (joinsMs > 0) continue
    world.boot(board)
    early.push(board)
  }
  const strangers = settle(world, early)
  const elsewhere = placeAsFound(stage, early)
  record.begin(world)
  for (const { spec } of scenario.placed ?? []) record.wants(0, spec)
  for (const text of elsewhere) record.note(0, text)
  if (strangers.length > 0)
    record.note(
      0,
      `after ${settleMsMax / 1_000} s of waiting not everybody knows all others: ${listed(strangers)} ${strangers.length === 1 ? 'does' : 'do'} not`,
    )
  for (const { name, joinsMs } of scenario.boards) {
    const board = world.board(name)
    if (joinsMs > 0) world.queue.at(record.zeroMs + joinsMs, () => (board.core === null ? world.boot(board) : undefined))
  }
}

function createStage(scenario: Scenario): Stage {
  const founder = cheapIdentity(0)
  const operator = createOperator(chaosCrypto, founder.node, founder.signer)
  const prng = createPrng(scenario.seed)
  const world = new World({
    crypto: chaosCrypto,
    seed: scenario.seed,
    isDialled: true,
    fleet: operator.fleet,
    fleetEnvelopes: operator.fleetEnvelopes,
    delayMs: scenario.delayMs,
    loses: () => prng.chance(scenario.lossPercent / 100),
    boards: scenario.boards.map(({ id, name, pool, labels, attributes, capacity, drivers, devices }, index) => {
      const { node, signer } = id === null ? cheapIdentity(index + 1) : identityOf(id)
      return { name, pool, labels, attributes, capacity, drivers, id: node, signer, ...(devices && { devices }) }
    }),
  })
  world.links.uplinks.prng = prng.fork()
  return { scenario, world, operator, record: new Record() }
}

function identityOf(node: NodeId): ReturnType<typeof cheapIdentity> {
  const key = keyOfPeerId(node)
  assert(key !== null, `whoever read the scenario saw that ${node} holds a key`)
  return { node, signer: cheapSigner(key) }
}

function act(stage: Stage, event: ScenarioEvent): void {
  const { world } = stage
  switch (event.kind) {
    case 'cut':
      return eachPair(world, event.from, event.to, (a, b) => world.cut(a, b, event.oneWay))
    case 'heal':
      return eachPair(world, event.from, event.to, (a, b) => mend(world, a, b))
    case 'line':
      return eachPair(world, event.from, event.to, (a, b) => lengthen(world, a, b, event))
    case 'run':
    case 'stop':
    case 'remove':
    case 'drain':
    case 'undrain':
    case 'eligible':
    case 'ineligible':
    case 'evict':
    case 'unevict':
    case 'scale':
    case 'stop-copy':
      return order(stage, event)
    case 'image-missing':
    case 'image-found':
      for (const name of event.boards) {
        if (event.kind === 'image-missing') world.unavailable.add(`${name}:${event.image}`)
        else world.unavailable.delete(`${name}:${event.image}`)
      }
      return
    default:
      for (const name of event.boards) strike(stage, world.board(name), event)
  }
}

/** Ends what stands between the two, in either direction. A link that was whole is left alone. */
function mend(world: World, a: Board, b: Board): void {
  if (!world.links.isOpen(a, b) || !world.links.isOpen(b, a)) world.links.mend(a, b)
}

function eachPair(world: World, from: readonly string[], to: readonly string[], work: (a: Board, b: Board) => void): void {
  for (const a of from) for (const b of to) if (a !== b) work(world.board(a), world.board(b))
}

/** Both ways. */
function lengthen({ links }: World, a: Board, b: Board, { delayMs, lossPercent }: { delayMs: number; lossPercent: number }): void {
  links.uplinks.routes.set(a.spec.id, b.spec.id, delayMs, lossPercent / 100)
  links.uplinks.routes.set(b.spec.id, a.spec.id, delayMs, lossPercent / 100)
}

/** A name that is wrong leads to a board that is not the one that was meant, which is noticed; one that hangs leads nowhere. All the same. */
function setDns(world: World, board: Board, state: DnsState): void {
  world.links.dialling.setNames(board, state === 'works')
}

function strike({ world }: Stage, board: Board, event: Extract<ScenarioAction, { boards: unknown }>): void {
  switch (event.kind) {
    case 'kill':
      return board.core === null ? undefined : world.kill(board)
    case 'power-cut':
      return world.powerCut(board)
    case 'start':
    case 'power-on':
      return board.core === null ? world.boot(board) : undefined
    case 'disk-full':
      return world.fillDisk(board)
    case 'disk-read-only':
      return world.fillDisk(board, 'read-only')
    case 'disk-broken':
      return world.fillDisk(board, 'io-error')
    case 'disk-free':
      return board.disk.fault !== null ? world.freeDisk(board) : undefined
    case 'new-address':
      return board.core === null ? undefined : world.links.moveAddress(board)
    case 'uplink':
      return world.links.uplinks.set(board.spec.id, event.kbitPerS)
    case 'dns':
      return setDns(world, board, event.state)
    case 'pause':
      board.pausedUntil = Math.max(board.pausedUntil, world.queue.now + event.forMs)
      return
    case 'crash':
      for (const slot of new Set([...board.tasks.values()].map((task) => task.slot))) {
        if (!slot.startsWith(`${event.job}/`)) continue
        world.crash(board, slot)
      }
      return
    default:
      return
  }
}
