// The driver loop: takes events one after the other, hands each to the core, and carries out the effects in order. Whatever leaves
// the board waits until everything that was to be persisted before it is on disk; the writes of all steps that came meanwhile go
// together. The core never waits: it steps on while the disk is busy. The only exception to the order are probes and their answers, which
// derive from nothing that is stored: a slow SD card must not make a board look dead.

import { performance } from 'node:perf_hooks'

import type { Reply } from '../crdt/api-types.ts'
import type { ApiBridge } from './api-bridge.ts'
import type { Effect } from './core/effect.ts'
import type { CoreEvent } from './core/event.ts'
import type { ArtifactStore, CheckRunner, Clock, DeviceFinder, Network, NetworkHandlers, Store, TaskDriver } from './core/ports.ts'
import { envelopeFrames, isProbe } from './core/wire.ts'
import type { Examiner } from './examiner.ts'
import { EventQueue } from './event-queue.ts'
import { Journal } from './journal.ts'
import type { LooseBoot, LooseEvent } from './loose-event.ts'
import { SlowSteps } from './slow-steps.ts'
import { TaskRunner } from './task-runner.ts'
import { watchDevices } from './watch-devices.ts'
import { watchDrivers } from './watch-drivers.ts'
import { wordsOf } from './words.ts'

export interface LoopLog {
  debug(data: object, message: string): void
  info(data: object, message: string): void
  warn(data: object, message: string): void
  error(data: object, message: string): void
}

export interface LoopMeters {
  step(kind: string, ms: number): void
  lag(ms: number): void
  persist(ms: number, writes: number, isWritten: boolean): void
  effect(kind: string): void
  dropped(what: string): void
}

export interface LoopInput {
  readonly core: { step(event: CoreEvent): readonly Effect[] }
  readonly network: Network
  readonly store: Store
  readonly clock: Clock
  readonly drivers: readonly TaskDriver[]
  readonly artifacts: ArtifactStore
  readonly checks: CheckRunner
  readonly devices: DeviceFinder
  readonly api: (push: (event: LooseEvent) => void) => ApiBridge
  readonly examine: Examiner
  readonly log: LoopLog
  readonly meters: LoopMeters
  /** The core threw: a bug. The loop has stopped; tasks run on. */
  readonly onFatal: (error: unknown) => void
  /** This board is over, and why: its agent is to end. */
  readonly onLeft: (why: string) => void
}

export interface Loop {
  /** The first step. Returns once its effects, also those of what followed from it, have been carried out. */
  start(boot: LooseBoot): Promise<void>
  readonly handlers: NetworkHandlers
  /** From now on the network carries broadcasts; what the first step wanted to tell, peers learn when they connect. */
  networkStarted(): void
  /** Resolves when no event waits and no effect is under way. */
  idle(): Promise<void>
  /** Waits for what is being persisted; starts and sends nothing more. Tasks run on. */
  stop(): Promise<void>
  readonly queued: number
}

/** How long what gossip brought waits for company: less than a power cut may lose of it anyhow, and peers have it … */
const holdMs = 100
/** … and so many: a claim from every board of a large pool. */
const heldPersistsMax = 64
/** Then sockets and timers get their turn before the next event. */
const turnMs = 20

export function createLoop(input: LoopInput): Loop {
  return new DriverLoop(input)
}

class DriverLoop implements Loop {
  readonly handlers: NetworkHandlers
  readonly #input: LoopInput
  readonly #journal: Journal
  readonly #tasks: TaskRunner
  readonly #api: ApiBridge
  readonly #slowSteps: SlowSteps
  readonly #events = new EventQueue()
  #turnDue = false
  #outbox: Effect[] = []
  #carrying: Promise<void> | null = null
  #cancelWake: (() => void) | null = null
  #cancelHold: (() => void) | null = null
  /** When the tick that waits among the events was due. */
  #tickDue = Infinity
  #unwatchDrivers: (() => void) | null = null
  #unwatchDevices: (() => void) | null = null
  #isStarted = false
  #isNetworkUp = false
  #stopped = false

  constructor(input: LoopInput) {
    this.#input = input
    const { artifacts, checks, clock, log, meters, store, drivers } = input
    this.#slowSteps = new SlowSteps((data, message) => log.warn(data, message))
    const push = (event: LooseEvent): void => this.#push(event)
    const onState = (writable: boolean, reason: string): void => push({ kind: 'store-state', writable, reason })
    this.#journal = new Journal({ store, clock, log, onState, meter: (ms, writes, isWritten) => meters.persist(ms, writes, isWritten) })
    this.#tasks = new TaskRunner({ drivers, artifacts, checks, clock, push, log })
    this.#api = input.api(push)
    this.handlers = {
      peerUp: (peer) => push({ kind: 'peer-up', peer }),
      peerDown: (peer) => push({ kind: 'peer-down', peer }),
      path: (peer, path) => push({ kind: 'path', peer, path }),
      frame: (from, bytes, via) => push({ kind: 'frame', from, bytes, via }),
      misbehaved: (peer, code) => push({ kind: 'misbehaved', peer, code }),
      addresses: (addresses) => push({ kind: 'addresses', addresses }),
      api: (channel) => this.#api.open(channel),
    }
  }

  get queued(): number {
    return this.#events.length
  }

  async start(boot: LooseBoot): Promise<void> {
    const { clock } = this.#input
    this.#take({ ...boot, now: clock.now(), wallMs: clock.wallMs() })
    // Drivers may have told of exits while they looked for what runs: those events come second.
    this.#isStarted = true
    if (this.queued > 0) this.#planTurn()
    const known = boot.fingerprints
    this.#unwatchDrivers = watchDrivers({
      drivers: this.#input.drivers,
      known,
      clock,
      push: (event) => this.#push(event),
      log: this.#input.log,
    })
    const push = (event: LooseEvent): void => this.#push(event)
    this.#unwatchDevices = watchDevices({ finder: this.#input.devices, clock, push })
    await this.idle()
  }

  #unwatch(): void {
    this.#unwatchDrivers?.()
    this.#unwatchDevices?.()
  }

  networkStarted(): void {
    this.#isNetworkUp = true
  }

  async idle(): Promise<void> {
    while (!this.#stopped && (this.queued > 0 || this.#carrying !== null || this.#outbox.length > 0)) {
      if (this.queued === 0) this.#carryNow()
      await (this.#carrying ?? new Promise((resolve) => setImmediate(resolve)))
    }
  }

  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#cancelWake?.()
    this.#unwatch()
    this.#carryNow()
    await this.#carrying
    await this.#journal.close()
    this.#api.close()
    await this.#tasks.close()
  }

  #push(event: LooseEvent): void {
    if (this.#stopped) return
    if (this.#events.push(event)) this.#planTurn()
    else this.#input.meters.dropped('frame')
  }

  #planTurn(): void {
    if (this.#turnDue || !this.#isStarted) return
    this.#turnDue = true
    setImmediate(() => this.#turn())
  }

  #turn(): void {
    this.#turnDue = false
    const until = performance.now() + turnMs
    this.#takeUrgent()
    for (const event of this.#events.takeWaiting(() => performance.now() < until)) {
      if (this.#stopped) break
      this.#take(this.#timed(event))
      this.#takeUrgent()
    }
    if (this.queued > 0 && !this.#stopped) this.#planTurn()
  }

  #takeUrgent(): void {
    for (const event of this.#events.takeUrgent()) if (!this.#stopped) this.#take(this.#timed(event))
  }

  #take(event: CoreEvent): void {
    const before = performance.now()
    let effects: readonly Effect[]
    try {
      effects = this.#input.core.step(event)
    } catch (error) {
      this.#stopped = true
      this.#cancelWake?.()
      this.#unwatch()
      return this.#input.onFatal(error)
    }
    const ms = performance.now() - before
    this.#input.meters.step(event.kind, ms)
    this.#slowSteps.took(event.kind, ms, event.now)
    this.#accept(effects)
  }

  /** Sorts out what need not wait; the rest is carried out in order. */
  #accept(effects: readonly Effect[]): void {
    for (const effect of effects) {
      this.#input.meters.effect(effect.kind)
      if (effect.kind === 'wake') this.#wake(effect.at)
      else if (effect.kind === 'log') this.#input.log[effect.level](effect.data ?? {}, effect.message)
      else if (effect.kind === 'send' && isProbe(effect.frame)) this.#guarded(effect)
      else this.#outbox.push(effect)
    }
    this.#carryOn()
  }

  #carryOn(): void {
    if (this.#outbox.length === 0 || this.#carrying !== null) return
    if (!this.#stopped && this.#mayWait()) {
      const { clock } = this.#input
      this.#cancelHold ??= clock.at(clock.now() + holdMs, () => this.#carryNow())
    } else this.#carryNow()
  }

  /** Nothing but what gossip brought: nobody waits for it to be written, and a write for each would cost more than admitting it. */
  #mayWait(): boolean {
    return this.#outbox.length < heldPersistsMax && this.#outbox.every((effect) => effect.kind === 'persist' && !effect.sync)
  }

  #carryNow(): void {
    this.#cancelHold?.()
    this.#cancelHold = null
    if (this.#outbox.length === 0) return
    this.#carrying ??= this.#carry().finally(() => {
      this.#carrying = null
      this.#carryOn()
    })
  }

  async #carry(): Promise<void> {
    while (this.#outbox.length > 0) {
      const batch = this.#outbox
      this.#outbox = []
      const first = batch.findIndex((effect) => effect.kind === 'persist')
      const free = first === -1 ? batch : batch.slice(0, first)
      for (const effect of free) await this.#perform(effect, true)
      if (first === -1) continue
      const persists = batch.filter((effect) => effect.kind === 'persist')
      const isWritten = await this.#journal.write(
        persists.flatMap((effect) => effect.writes),
        persists.some((effect) => effect.sync),
      )
      for (const effect of batch.slice(first)) if (effect.kind !== 'persist') await this.#perform(effect, isWritten)
    }
  }

  /** `isWritten`: everything that was to be persisted before is on disk. */
  async #perform(effect: Effect, isWritten: boolean): Promise<void> {
    if (this.#stopped && effect.kind !== 'reply' && effect.kind !== 'send') return
    if (effect.kind === 'start' && !isWritten) {
      const message = 'the disk takes no writes: nothing new is started'
      return this.#tasks.refuseStart(effect.task, { ok: false, code: 'E_START', message })
    }
    if (effect.kind === 'reply' && effect.reply.kind === 'receipt' && !isWritten) {
      return this.#api.reply(effect.id, notDurable(this.#journal.problem), true)
    }
    if (effect.kind === 'send-stored') await this.#sendStored(effect.to, effect.keys)
    else this.#guarded(effect)
  }

  #guarded(effect: Effect): void {
    try {
      this.#perform1(effect)
    } catch (error) {
      this.#input.log.error({ effect: effect.kind, error: wordsOf(error) }, 'an adapter failed')
    }
  }

  #perform1(effect: Effect): void {
    const { network } = this.#input
    switch (effect.kind) {
      case 'send':
        return network.send(effect.to, effect.frame) ? undefined : this.#input.meters.dropped('send')
      case 'broadcast':
        return this.#isNetworkUp ? network.broadcast(effect.topic, effect.frame) : undefined
      case 'disconnect':
        return network.disconnect(effect.peer, effect.reason)
      case 'remember':
        return network.remember(effect.peer, effect.addresses, effect.wanted)
      case 'forget':
        return network.forget(effect.peer)
      case 'bootstrap':
        return network.bootstrap(effect.listed, effect.removed)
      case 'use-psk':
        return network.usePsk(effect.keys)
      case 'inject-cut':
        return network.injectCut(effect.peers)
      case 'prepare':
        return this.#tasks.prepare(effect.task)
      case 'cancel-prepare':
        return this.#tasks.cancelPrepare(effect.task)
      case 'start':
        return this.#tasks.start(effect.task)
      case 'stop':
        return this.#tasks.stop(effect.task, effect.driver, effect.signal, effect.timeoutMs)
      case 'remove':
        return this.#tasks.remove(effect.task, effect.driver)
      case 'rewrite':
        return this.#tasks.rewrite(effect.task, effect.signals, effect.digest)
      case 'check':
        return this.#tasks.check(effect.request)
      case 'reply':
        return this.#api.reply(effect.id, effect.reply, effect.last)
      case 'reply-stored':
        return this.#api.replyStored(
          effect,
          () => this.#journal.readMany(effect.keys),
          () => this.#journal.problem,
        )
      case 'forward':
        return this.#api.forward(effect, network)
      case 'left':
        return this.#input.onLeft(effect.why)
      case 'examine':
        return this.#input.examine(effect, (reply) => this.#api.reply(effect.id, reply, true), this.#api.goneSignal(effect.id))
      case 'logs':
        return this.#api.logs(effect, this.#tasks.driver(effect.driver))
      case 'persist':
      case 'send-stored':
      case 'wake':
      case 'log':
        return
    }
  }

  async #sendStored(to: Parameters<Network['send']>[0], keys: readonly string[]): Promise<void> {
    try {
      const found = await this.#journal.readMany(keys)
      for (const frame of envelopeFrames(found.filter((bytes) => bytes !== undefined))) {
        // The peer's queue is full: what follows would be refused for what is missing before it. The next exchange goes on here.
        if (!this.#input.network.send(to, frame)) return this.#input.meters.dropped('send')
      }
    } catch (error) {
      this.#input.log.error({ error: wordsOf(error) }, 'stored envelopes could not be sent')
    }
  }

  #wake(at: number): void {
    this.#cancelWake?.()
    if (!Number.isFinite(at) || this.#stopped) return
    this.#cancelWake = this.#input.clock.at(at, () => {
      this.#tickDue = Math.min(this.#tickDue, at)
      this.#push({ kind: 'tick', lagMs: 0 })
    })
  }

  /** An event with its times. How late a tick is counts its wait among the other events too. */
  #timed(event: LooseEvent): CoreEvent {
    const { clock, meters } = this.#input
    const now = clock.now()
    if (event.kind !== 'tick') return { ...event, now, wallMs: clock.wallMs() } as CoreEvent
    const lagMs = Number.isFinite(this.#tickDue) ? Math.max(0, now - this.#tickDue) : 0
    this.#tickDue = Infinity
    meters.lag(lagMs)
    return { kind: 'tick', now, lagMs, clock: { wallMs: clock.wallMs(), isSynchronised: clock.isSynchronised() } }
  }
}

/** A receipt promises that a power cut loses nothing; the core could not know yet that the disk would refuse. */
function notDurable(problem: string | null): Reply {
  return {
    kind: 'error',
    code: 'E_STORE_FULL',
    message: `this board's disk takes no writes (${problem ?? 'it was full a moment ago'}): the change is in its memory only, and on its way to its peers`,
    hint: 'send the change to another peer too; twice does no harm',
  }
}
