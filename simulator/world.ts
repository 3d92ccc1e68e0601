// Pools of nodes in virtual time: the same core as on the boards, with a simulated network, disk and driver. Faults are calls
// (`cut`, `kill`, `powerCut`, `fillDisk`); `run` lets time pass. It imports nothing of the adapters and has no randomness of its
// own, so a run is a function of its calls.

import type { Crypto } from '../crdt/crypto.ts'
import type { FleetId, NodeId } from '../crdt/ids.ts'
import type { Reply, Request } from '../crdt/api-types.ts'
import { type Core, createCore } from '../node/core/step.ts'
import type { Effect } from '../node/core/effect.ts'
import type { CoreEvent } from '../node/core/event.ts'
import type { TaskExit } from '../node/core/ports.ts'
import { envelopeFrames } from '../node/core/wire.ts'
import { setAlarm } from './alarm.ts'
import { type Board, type BoardSpec, createBoard } from './board.ts'
import { shownAt } from './board-clock.ts'
import { bootEvent } from './boot-event.ts'
import { Checks } from './checks.ts'
import { type Death, countDown, endSync, waitsForDisk } from './deaths.ts'
import { type DiskFault, notDurable } from './disk.ts'
import { Driving } from './driving.ts'
import { carryOutExamine } from './examine.ts'
import { EventLoops } from './event-loops.ts'
import { type Flaw, swallowsOf } from './flaws.ts'
import { saidOf, storedAt, storedReply, writeHeld, writeOrHold } from './journal.ts'
import { Lifetimes } from './lifetimes.ts'
import { Links } from './links.ts'
import { type Overlay, aroundEach } from './overlay.ts'
import { EventQueue } from './queue.ts'
import { type Shared, createShared } from './shared.ts'
import { Tasks, endedWell, rewriteMs, stopAgainMs } from './tasks.ts'

export type { Board, BoardSpec } from './board.ts'

export interface WorldOptions {
  readonly crypto: Crypto
  readonly fleet: FleetId
  readonly fleetEnvelopes: readonly Uint8Array[]
  readonly boards: readonly BoardSpec[]
  /** One way, ms. */
  readonly delayMs?: number
  /** Boards dial as the real ones do; otherwise each is connected with all others. */
  readonly isDialled?: boolean
  /** For what the boards' networks leave to chance. */
  readonly seed?: number
  readonly loses?: (to: NodeId, count: number) => boolean
  /** For boards with another version of the agent. */
  readonly coreOf?: (board: Board) => typeof createCore | undefined
  /** What the harness itself does wrong: whoever checks must notice. */
  readonly flaws?: ReadonlySet<Flaw>
  readonly overlay?: Overlay
  /** Every board works out everything for itself, as real ones do: slower, and otherwise the same. */
  readonly isUnshared?: boolean
  /** Boards share views and plans, too (`shared-views.ts`): for large pools. */
  readonly sharesViews?: boolean
}

/** A question that a board was asked, and its answers so far. */
export interface Asked {
  readonly id: number
  readonly board: Board
  readonly replies: Reply[]
  isOver: boolean
}

/** Sees every step of every board; for measuring and for checkers. */
export type Watch = (board: Board, event: CoreEvent, step: () => readonly Effect[]) => readonly Effect[]

const epochWallMs = 1_800_000_000_000

export class World {
  readonly queue = new EventQueue()
  readonly boards = new Map<NodeId, Board>()
  /** All of them, and second ones with the key of one of them (`twins.ts`). */
  readonly machines = new Set<Board>()
  readonly tasks = new Tasks()
  readonly unavailable = this.tasks.unavailable
  readonly checks = new Checks()
  readonly links: Links
  watch: Watch = (_board, _event, step) => step()
  /** Told before a board's tasks are gone. */
  onPowerCut: (board: Board) => void = () => {}
  readonly shared: Shared
  readonly #options: WorldOptions
  readonly #loops = new EventLoops(this.queue)
  readonly #asked = new Map<number, Asked>()
  readonly lifetimes = new Lifetimes(this.queue, (board, { id }) => this.#ended(board, id, endedWell))
  readonly driving = new Driving(this)
  #requests = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.shared = createShared(options.crypto, options.sharesViews)
    const names = new Map<string, string>()
    for (const spec of options.boards) this.boards.set(spec.id, createBoard(spec, names))
    for (const board of this.boards.values()) this.machines.add(board)
    this.links = new Links({
      queue: this.queue,
      boards: this.machines,
      feed: (board, event) => this.feed(board, event),
      takeInTurn: (board, act) => this.#loops.take(board, act),
      around: aroundEach(this.machines, options.overlay),
      delayMs: options.delayMs ?? 5,
      seed: options.seed ?? 1,
      isDialled: options.isDialled ?? false,
      loses: options.loses ?? (() => false),
      ...(options.flaws === undefined ? {} : { swallows: swallowsOf(options.flaws) }),
    })
  }

  get wallMs(): number {
    return epochWallMs + this.queue.now
  }

  board(name: string): Board {
    const found = [...this.machines].find((board) => board.spec.name === name)
    if (found === undefined) throw new Error(`no board ${name}`)
    return found
  }

  /** Lets virtual time pass, ms. */
  run(ms: number): void {
    this.queue.run(this.queue.now + ms)
  }

  /** Runs until the condition holds; throws when it does not within the time. */
  until(what: string, condition: () => boolean, withinMs: number): number {
    const started = this.queue.now
    while (!condition()) {
      if (this.queue.now - started >= withinMs) throw new Error(`not within ${withinMs} ms: ${what}`)
      this.run(10)
    }
    return this.queue.now - started
  }

  /** Nothing more is to happen in it: one process plays thousands of worlds. */
  release(): void {
    for (const board of this.machines) board.core?.release()
    this.shared.engine.close()
  }

  bootAll(): void {
    for (const board of this.boards.values()) this.boot(board)
  }

  boot(board: Board): void {
    const { spec } = board
    board.awaitsDisk = !board.disk.opens
    if (board.awaitsDisk) return
    board.pausedUntil = 0
    board.busyUntil = 0
    board.starting.clear()
    board.core?.release()
    const create = this.#options.coreOf?.(board) ?? createCore
    const { crypto, isUnshared } = this.#options
    board.core = create({ crypto, signer: spec.signer, ...(isUnshared === true ? {} : this.shared) })
    board.boots += 1
    this.links.boot(board)
    this.feed(board, this.#bootEvent(board))
    this.lifetimes.booted(board)
    for (const event of this.tasks.toldAtBoot(board, this.queue.now)) this.feed(board, event)
    this.feed(board, { kind: 'addresses', now: this.queue.now, addresses: [board.address] })
  }

  #bootEvent(board: Board): CoreEvent {
    const { crypto, fleet, fleetEnvelopes } = this.#options
    const boots = this.#has('boot-nonce-reused') ? 0 : board.boots
    return bootEvent({ crypto, fleet, fleetEnvelopes, board, now: this.queue.now, wallMs: this.wallMsOf(board), boots })
  }

  #has(flaw: Flaw): boolean {
    return this.#options.flaws?.has(flaw) === true
  }

  /** What the board's wall clock shows. */
  wallMsOf(board: Board): number {
    return Math.max(0, epochWallMs + this.clockOf(board) + board.wallAheadMs)
  }

  /** What the board's monotonic clock shows. */
  clockOf(board: Board): number {
    return shownAt(board.clock, this.queue.now)
  }

  /** The agent dies; its tasks and its disk live on. */
  kill(board: Board): void {
    endSync(board)
    board.awaitsDisk = false
    board.core?.release()
    board.core = null
    board.held.clear()
    for (const peer of [...board.peers.keys()]) this.links.disconnect(board, peer)
  }

  /** The board loses power: agent and tasks are gone, the others hear nothing. So many writes that no sync followed are gone, too. */
  powerCut(board: Board, lostWritesMax = 0): void {
    endSync(board)
    board.awaitsDisk = false
    this.onPowerCut(board)
    board.core?.release()
    board.core = null
    board.carriedOn = null
    board.death = null
    board.disk.losePower(lostWritesMax)
    board.held.clear()
    this.tasks.endAll(board)
    board.peers.clear()
  }

  /** Both directions unless `oneWay`: nothing passes from a to b any more, and nobody is told. */
  cut(a: Board, b: Board, oneWay = false): void {
    this.links.cut(a, b, oneWay)
  }

  /** Separates two groups of boards from one another. */
  split(left: readonly Board[], right: readonly Board[]): void {
    for (const a of left) for (const b of right) this.cut(a, b)
  }

  heal(): void {
    this.links.heal()
  }

  /** From now on the disk takes no writes; what the core wants written is kept in memory, as the journal does. */
  fillDisk(board: Board, fault: DiskFault = 'full'): void {
    board.disk.fault = fault
  }

  freeDisk(board: Board): void {
    board.disk.fault = null
    if (board.awaitsDisk) return this.boot(board)
    writeHeld(board)
    this.feed(board, { kind: 'store-state', now: this.queue.now, writable: true, reason: '' })
  }

  /** A task ends by itself. */
  crash(board: Board, slot: string, taskName?: string): void {
    for (const { id, slot: other, task } of [...board.tasks.values()])
      if (other === slot && (taskName ?? task) === task) this.#ended(board, id, { ...endedWell, exitCode: 1 })
  }

  #ended(board: Board, task: string, exit: TaskExit): void {
    for (const event of this.tasks.end(board, task, exit, this.queue.now)) this.feed(board, event)
  }

  request(board: Board, request: Request, caller: string | null = null): readonly Reply[] {
    return this.ask(board, request, caller).replies
  }

  ask(board: Board, request: Request, caller: string | null = null): Asked {
    const asked: Asked = { id: ++this.#requests, board, replies: [], isOver: false }
    this.#asked.set(asked.id, asked)
    this.#command(board, asked.id, request, caller)
    return asked
  }

  /** The caller goes away. */
  hangUp(asked: Asked): void {
    this.#asked.delete(asked.id)
    this.feed(asked.board, { kind: 'command-gone', now: this.queue.now, id: asked.id })
  }

  #command(board: Board, id: number, request: Request, caller: string | null): void {
    this.feed(board, { kind: 'command', now: this.queue.now, wallMs: this.wallMsOf(board), id, caller, request })
  }

  #answer(id: number, reply: Reply, last: boolean): void {
    const asked = this.#asked.get(id)
    if (asked === undefined) return
    asked.replies.push(reply)
    asked.isOver = last
  }

  /** Told the time at which it is taken. */
  feed(board: Board, event: CoreEvent): void {
    this.#loops.take(board, (lateMs) => {
      const lagging = event.kind === 'tick' ? { ...event, lagMs: event.lagMs + lateMs } : event
      this.#step(board, board.core!, { ...lagging, now: this.clockOf(board) })
    })
  }

  #step(board: Board, core: Core, event: CoreEvent): void {
    if (board.stepMs > 0) board.busyUntil = this.queue.now + board.stepMs
    let isWritten = true
    const effects = this.watch(board, event, () => core.step(event))
    for (const [at, effect] of effects.entries()) {
      const { death } = board
      if (death !== null && death.left <= 0) return this.#die(board, death)
      if (waitsForDisk(board, effect)) continue
      if (effect.kind === 'left') return this.kill(board)
      if (effect.kind === 'persist') isWritten = this.#persist(board, effect) && isWritten
      else this.#carryOut(board, effect, isWritten)
      if (death !== null) countDown(death, effects, at)
    }
  }

  #die(board: Board, death: Death): void {
    if (board.death !== death) return
    board.death = null
    death.onDeath()
    board.syncingSince = null
    if (death.how === 'power-cut') return this.powerCut(board, death.lostWrites)
    if (death.driversGoOn) board.carriedOn = board.core
    this.kill(board)
  }

  /** A board that is frozen goes on. */
  resume(board: Board): void {
    this.#loops.resume(board)
  }

  /** Events of a board that has restarted meanwhile are dropped: they belong to the former run. */
  #later(board: Board, delay: number, event: () => CoreEvent): void {
    this.#soon(board, delay, () => this.feed(board, event()))
  }

  #soon(board: Board, delay: number, act: () => void): void {
    const { core } = board
    this.queue.after(delay, () => (board.core === core ? act() : undefined))
  }

  #persist(board: Board, effect: Effect & { kind: 'persist' }): boolean {
    board.writes += 1
    const { death } = board
    const isUnfinished = death?.after === 'sync' && effect.sync && board.disk.fault === null
    if (isUnfinished) {
      board.syncingSince = this.queue.now
      this.#soon(board, death.syncMs, () => this.#die(board, death))
    }
    if (writeOrHold(board, effect.writes, effect.sync && !isUnfinished && !this.#has('sync-ignored'))) return true
    this.#later(board, 1, () => ({ kind: 'store-state', now: this.queue.now, ...saidOf(board.disk) }))
    return false
  }

  #carryOut(board: Board, effect: Effect, isWritten: boolean): void {
    const { queue } = this
    switch (effect.kind) {
      case 'send':
        return void this.links.send(board, effect.to, effect.frame)
      case 'send-stored':
        return envelopeFrames(storedAt(board, effect.keys)).forEach((frame) => void this.links.send(board, effect.to, frame))
      case 'broadcast':
        return this.links.broadcast(board, effect.topic, effect.frame)
      case 'remember':
      case 'forget':
      case 'bootstrap':
        return this.links.dialling.learn(board, effect)
      case 'disconnect':
        return this.links.disconnect(board, effect.peer)
      case 'prepare':
        return this.driving.prepare(board, effect.task)
      case 'start':
        return this.driving.start(board, effect, isWritten)
      case 'stop':
        if (this.#has('stop-ignored')) return
        if (board.isDriverSilent) return this.#soon(board, stopAgainMs, () => this.#carryOut(board, effect, isWritten))
        return this.driving.stop(board, effect)
      case 'remove':
        return this.tasks.remove(board, effect.task)
      case 'rewrite':
        return this.#later(board, rewriteMs, () => this.tasks.rewritten(board, effect, queue.now))
      case 'check': {
        const { afterMs, outcome } = this.checks.answer(board, effect.request)
        return this.#later(board, afterMs, () => ({ kind: 'checked', now: queue.now, id: effect.request.id, outcome }))
      }
      case 'wake':
        return this.#wake(board, effect.at)
      case 'reply':
        return this.#answer(effect.id, effect.reply.kind === 'receipt' && !isWritten ? notDurable : effect.reply, effect.last)
      case 'reply-stored':
        return this.#answer(effect.id, storedReply(board, effect), true)
      case 'forward':
        return this.#forward(board, effect)
      case 'examine':
        return carryOutExamine(this, board, effect, (reply) => this.#answer(effect.id, reply, true))
      case 'log':
        board.logs.push(`${queue.now} ${effect.level} ${effect.message}`)
    }
  }

  #wake(board: Board, at: number): void {
    setAlarm(this.queue, board, at, () => this.feed(board, { kind: 'tick', now: this.queue.now, lagMs: 0 }))
  }

  /** The first node that runs and can be reached answers; its replies go to the one who asked. */
  #forward(board: Board, effect: Effect & { kind: 'forward' }): void {
    for (const id of effect.to) {
      const target = this.boards.get(id)
      if (target?.core == null || !this.links.isOpen(board, target) || !this.links.isOpen(target, board)) continue
      return this.queue.after(5, () => this.#command(target, effect.id, effect.request, board.spec.id))
    }
    this.#answer(effect.id, { kind: 'error', ...effect.unanswered }, true)
  }
}
