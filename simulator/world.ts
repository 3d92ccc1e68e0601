// A pool of nodes in virtual time: the same core as on the boards, with a simulated network, disk and driver. Faults are calls
// (`cut`, `kill`, `powerCut`, `restart`); `run` lets time pass. It imports nothing of the adapters and has no randomness of its
// own, so a run is a function of its calls.

import { toBase64 } from '../crdt/base64.ts'
import type { Crypto, Signer } from '../crdt/crypto.ts'
import type { FleetId, NodeId, PoolName } from '../crdt/ids.ts'
import type { Reply, Request } from '../crdt/api-types.ts'
import type { Resources } from '../crdt/view.ts'
import { type Core, createCore } from '../node/core/step.ts'
import type { Effect } from '../node/core/effect.ts'
import type { CoreEvent } from '../node/core/event.ts'
import type { RunningTask, TaskRequest } from '../node/core/ports.ts'
import { envelopeFrames } from '../node/core/wire.ts'
import { EventQueue } from './queue.ts'

export interface BoardSpec {
  readonly name: string
  readonly id: NodeId
  readonly signer: Signer
  readonly pool?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly capacity?: Resources
}

export interface WorldOptions {
  readonly crypto: Crypto
  readonly fleet: FleetId
  readonly fleetEnvelopes: readonly Uint8Array[]
  readonly boards: readonly BoardSpec[]
  /** One way, ms. */
  readonly delayMs?: number
  /** Every broadcast that this says true for is lost on its way to that node: gossip promises nothing. */
  readonly loses?: (to: NodeId, count: number) => boolean
}

const ample: Resources = { cpuMhz: 4000, memoryMib: 1024, diskMib: 8192 }

/** One board: what survives a kill (disk, and its tasks) and what does not (the core). */
export interface Board {
  readonly spec: BoardSpec
  core: Core | null
  readonly disk: Map<string, Uint8Array>
  readonly tasks: Map<string, RunningTask>
  readonly peers: Set<NodeId>
  boots: number
  wakeAt: number
  /** Everything that it was told to start and stop, in order: for checkers. */
  readonly trail: { readonly at: number; readonly what: 'start' | 'stop'; readonly task: string }[]
  readonly logs: string[]
}

export class World {
  readonly queue = new EventQueue()
  readonly boards = new Map<NodeId, Board>()
  /** Programs (`command` or `image`) that cannot be prepared on a board: `name` or `board:name`. */
  readonly unavailable = new Set<string>()
  readonly #options: WorldOptions
  readonly #cuts = new Set<string>()
  readonly #replies = new Map<number, Reply[]>()
  #requests = 0
  #broadcasts = 0
  messages = 0
  bytes = 0

  constructor(options: WorldOptions) {
    this.#options = options
    for (const spec of options.boards) {
      this.boards.set(spec.id, { spec, core: null, disk: new Map(), tasks: new Map(), peers: new Set(), boots: 0, wakeAt: Number.MAX_SAFE_INTEGER, trail: [], logs: [] })
    }
  }

  board(name: string): Board {
    const found = [...this.boards.values()].find((board) => board.spec.name === name)
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

  bootAll(): void {
    for (const board of this.boards.values()) this.boot(board)
  }

  boot(board: Board): void {
    const { spec } = board
    board.core = createCore({ crypto: this.#options.crypto, signer: spec.signer })
    board.boots += 1
    const nonce = this.#options.crypto.sha256(new TextEncoder().encode(`${spec.id} ${board.boots}`)).slice(0, 16)
    this.#feed(board, {
      kind: 'boot',
      now: this.queue.now,
      wallMs: 1_800_000_000_000 + this.queue.now,
      nonce,
      config: {
        self: spec.id,
        fleet: this.#options.fleet,
        pool: (spec.pool ?? 'default') as PoolName,
        name: spec.name,
        labels: spec.labels ?? {},
        reserved: { cpuMhz: 0, memoryMib: 0, diskMib: 0 },
        capacity: spec.capacity ?? ample,
        dynamicPorts: [20_000, 32_000],
        fleetEnvelopes: this.#options.fleetEnvelopes,
        dev: true,
        version: 'sim',
      },
      host: { name: spec.name, ...ample, attributes: { 'cpu.arch': 'arm64' } },
      records: [...board.disk].sort(([a], [b]) => (a < b ? -1 : 1)),
      running: [...board.tasks.values()],
      fingerprints: { raw_exec: { health: { healthy: true, reason: '' }, attributes: {}, images: [] } },
    })
    this.#feed(board, { kind: 'addresses', now: this.queue.now, addresses: [`/sim/${spec.name}`] })
    for (const other of this.boards.values()) if (other !== board) this.#connect(board, other)
  }

  /** The agent dies; its tasks and its disk live on. */
  kill(board: Board): void {
    board.core = null
    for (const peer of [...board.peers]) this.#disconnect(board, this.boards.get(peer)!)
  }

  /** The board loses power: agent and tasks are gone, the others hear nothing. */
  powerCut(board: Board): void {
    board.core = null
    board.tasks.clear()
    board.peers.clear()
  }

  /** Both directions unless `oneWay`: nothing passes from a to b any more, and nobody is told. */
  cut(a: Board, b: Board, oneWay = false): void {
    this.#cuts.add(`${a.spec.id}>${b.spec.id}`)
    if (!oneWay) this.#cuts.add(`${b.spec.id}>${a.spec.id}`)
  }

  /** Separates two groups of boards from one another. */
  split(left: readonly Board[], right: readonly Board[]): void {
    for (const a of left) for (const b of right) this.cut(a, b)
  }

  heal(): void {
    this.#cuts.clear()
    this.#redial()
  }

  request(board: Board, request: Request): readonly Reply[] {
    const id = ++this.#requests
    const replies: Reply[] = []
    this.#replies.set(id, replies)
    this.#feed(board, { kind: 'command', now: this.queue.now, wallMs: 1_800_000_000_000 + this.queue.now, id, caller: null, request })
    return replies
  }

  #isOpen(from: Board, to: Board): boolean {
    return !this.#cuts.has(`${from.spec.id}>${to.spec.id}`)
  }

  #connect(a: Board, b: Board): void {
    this.queue.after(2 * this.#delay, () => {
      if (a.core === null || b.core === null || a.peers.has(b.spec.id) || !this.#isOpen(a, b) || !this.#isOpen(b, a)) return
      a.peers.add(b.spec.id)
      b.peers.add(a.spec.id)
      this.#feed(a, { kind: 'peer-up', now: this.queue.now, peer: b.spec.id })
      this.#feed(b, { kind: 'peer-up', now: this.queue.now, peer: a.spec.id })
    })
  }

  /** A connection's end reaches the other side only if the link lets it through. */
  #disconnect(a: Board, b: Board): void {
    if (a.peers.delete(b.spec.id) && a.core !== null) this.#feed(a, { kind: 'peer-down', now: this.queue.now, peer: b.spec.id })
    if (this.#isOpen(a, b)) {
      this.queue.after(this.#delay, () => {
        if (b.peers.delete(a.spec.id) && b.core !== null) this.#feed(b, { kind: 'peer-down', now: this.queue.now, peer: a.spec.id })
      })
    }
    this.queue.after(2_000, () => this.#connect(a, b))
  }

  #redial(): void {
    const boards = [...this.boards.values()]
    for (const a of boards) for (const b of boards) if (a.spec.id < b.spec.id && !(a.peers.has(b.spec.id) && b.peers.has(a.spec.id))) this.#reconnect(a, b)
  }

  #reconnect(a: Board, b: Board): void {
    if (a.peers.has(b.spec.id) || b.peers.has(a.spec.id)) {
      for (const [x, y] of [[a, b], [b, a]] as const) {
        if (x.peers.delete(y.spec.id) && x.core !== null) this.#feed(x, { kind: 'peer-down', now: this.queue.now, peer: y.spec.id })
      }
    }
    this.#connect(a, b)
  }

  get #delay(): number {
    return this.#options.delayMs ?? 5
  }

  #feed(board: Board, event: CoreEvent): void {
    const { core } = board
    if (core === null) return
    for (const effect of core.step(event)) this.#carryOut(board, core, effect)
  }

  /** Events of a board that has restarted meanwhile are dropped: they belong to the former run. */
  #later(board: Board, delay: number, event: () => CoreEvent): void {
    const { core } = board
    this.queue.after(delay, () => {
      if (board.core === core) this.#feed(board, event())
    })
  }

  #carryOut(board: Board, core: Core, effect: Effect): void {
    const { queue } = this
    switch (effect.kind) {
      case 'persist':
        for (const { key, value } of effect.writes) {
          if (value === null) board.disk.delete(key)
          else board.disk.set(key, value)
        }
        return
      case 'send':
        return this.#send(board, effect.to, effect.frame)
      case 'send-stored':
        for (const key of effect.keys) {
          const bytes = board.disk.get(key)
          if (bytes !== undefined) this.#send(board, effect.to, envelopesFrame(bytes))
        }
        return
      case 'broadcast':
        return this.#flood(board, effect.topic, effect.frame)
      case 'disconnect':
        return this.#disconnect(board, this.boards.get(effect.peer)!)
      case 'prepare':
        return this.#later(board, 5, () => ({ kind: 'prepared', now: queue.now, task: effect.task.id, outcome: this.#prepare(board, effect.task) }))
      case 'start':
        return this.#later(board, 20, () => this.#start(board, effect.task))
      case 'stop':
        return this.#later(board, 10, () => this.#stop(board, effect.task))
      case 'wake':
        board.wakeAt = effect.at
        return queue.at(Math.max(effect.at, queue.now + 1), () => {
          if (board.core === core && board.wakeAt === effect.at) this.#feed(board, { kind: 'tick', now: queue.now, lagMs: 0 })
        })
      case 'reply':
        this.#replies.get(effect.id)?.push(effect.reply)
        return
      case 'reply-stored':
        this.#replies.get(effect.id)?.push({
          kind: 'doc', doc: effect.doc, pool: effect.pool, epoch: effect.epoch,
          envelopes: effect.keys.flatMap((key) => board.disk.get(key) ?? []).map(toBase64),
        })
        return
      case 'log':
        board.logs.push(`${queue.now} ${effect.level} ${effect.message}`)
        return
      default:
        return
    }
  }

  #prepare(board: Board, task: TaskRequest): { ok: true } | { ok: false; code: 'E_IMAGE_PULL'; message: string } {
    const name = task.spec.config.image ?? task.spec.config.command ?? ''
    const isGone = this.unavailable.has(name) || this.unavailable.has(`${board.spec.name}:${name}`)
    return isGone ? { ok: false, code: 'E_IMAGE_PULL', message: `${name} cannot be had` } : { ok: true }
  }

  #start(board: Board, task: TaskRequest): CoreEvent {
    const { id, slot, alloc, generation, form, ports } = task
    board.tasks.set(id, { id, slot, alloc, generation, form, task: task.spec.name, ports, startedAt: this.queue.now })
    board.trail.push({ at: this.queue.now, what: 'start', task: id })
    return { kind: 'started', now: this.queue.now, wallMs: 1_800_000_000_000 + this.queue.now, task: id, outcome: { ok: true } }
  }

  #stop(board: Board, task: string): CoreEvent {
    if (board.tasks.delete(task)) board.trail.push({ at: this.queue.now, what: 'stop', task })
    return { kind: 'stopped', now: this.queue.now, task }
  }

  /** A task ends by itself. */
  crash(board: Board, slot: string): void {
    for (const task of [...board.tasks.values()]) {
      if (task.slot !== slot) continue
      board.tasks.delete(task.id)
      this.#feed(board, { kind: 'exited', now: this.queue.now, task: task.id, exit: { exitCode: 1, signal: null, outOfMemory: false } })
    }
  }

  #send(from: Board, to: NodeId, frame: Uint8Array): void {
    const target = this.boards.get(to)
    if (target === undefined || !from.peers.has(to)) return
    this.messages += 1
    this.bytes += frame.length
    if (!this.#isOpen(from, target)) return
    const { core } = target
    this.queue.after(this.#delay, () => {
      if (target.core === core && target.peers.has(from.spec.id)) this.#feed(target, { kind: 'frame', now: this.queue.now, from: from.spec.id, via: 'stream', bytes: frame })
    })
  }

  /** Gossip: every node that open connections lead to gets it once, a hop's delay later each. */
  #flood(origin: Board, topic: 'pool' | 'fleet', frame: Uint8Array): void {
    const count = ++this.#broadcasts
    const reached = new Set<NodeId>([origin.spec.id])
    let front: Board[] = [origin]
    for (let hop = 1; front.length > 0; hop++) {
      const next: Board[] = []
      for (const from of front) {
        for (const id of from.peers) {
          const to = this.boards.get(id)!
          const isMember = topic === 'fleet' || (to.spec.pool ?? 'default') === (origin.spec.pool ?? 'default')
          if (reached.has(id) || !isMember || !this.#isOpen(from, to)) continue
          reached.add(id)
          next.push(to)
          this.messages += 1
          this.bytes += frame.length
          if (this.#options.loses?.(id, count) === true) continue
          const { core } = to
          this.queue.after(hop * this.#delay, () => {
            if (core !== null && to.core === core) this.#feed(to, { kind: 'frame', now: this.queue.now, from: from.spec.id, via: 'gossip', bytes: frame })
          })
        }
      }
      front = next
    }
  }
}

function envelopesFrame(bytes: Uint8Array): Uint8Array {
  return envelopeFrames([bytes])[0]!
}
