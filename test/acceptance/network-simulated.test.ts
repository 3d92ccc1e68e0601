// The suite of the network's port against the simulated one: links, gossip and dialling without a core. Virtual time passes while
// somebody waits.

import assert from 'node:assert/strict'
import type { NodeId } from '../../crdt/ids.ts'
import type { CoreEvent } from '../../node/core/event.ts'
import { type Board as Machine, createBoard } from '../../simulator/board.ts'
import { cheapIdentity } from '../../simulator/cheap-crypto.ts'
import { Links } from '../../simulator/links.ts'
import { EventQueue } from '../../simulator/queue.ts'
import type { Board, BoardOptions, Heard, World } from './network-verbs.ts'
import { networkAcceptance, networkRestartAcceptance } from './network-suite.ts'

const pollMs = 20
/** As long as the real world's patience, and no machine is too slow for it. */
const patienceMs = 60_000
const delayMs = 5

/** What the board's handlers were told, as the core would have been. */
class SimulatedBoard implements Board {
  readonly ups: NodeId[] = []
  readonly downs: NodeId[] = []
  readonly heard: Heard[] = []
  readonly callers = []
  addresses: readonly string[] = []
  readonly machine: Machine
  readonly #world: SimulatedWorld
  cut: readonly NodeId[] | null = []

  constructor(world: SimulatedWorld, machine: Machine) {
    this.#world = world
    this.machine = machine
  }

  get id(): NodeId {
    return this.machine.spec.id
  }

  told(event: CoreEvent): void {
    if (event.kind === 'peer-up') this.ups.push(event.peer)
    if (event.kind === 'peer-down') this.downs.push(event.peer)
    if (event.kind === 'frame') this.heard.push({ from: event.from, bytes: event.bytes, via: event.via })
  }

  async send(peer: NodeId, frame: Uint8Array): Promise<boolean> {
    return this.#world.links.send(this.machine, peer, frame)
  }

  broadcast(topic: 'pool' | 'fleet', frame: Uint8Array): void {
    this.#world.links.broadcast(this.machine, topic, frame)
  }

  disconnect(peer: NodeId): void {
    this.#world.links.disconnect(this.machine, peer)
  }

  remember(peer: NodeId, addresses: readonly string[], wanted: boolean): void {
    this.#world.links.dialling.learn(this.machine, { kind: 'remember', peer, addresses, wanted })
  }

  injectCut(peers: readonly NodeId[] | null): void {
    this.cut = peers
    this.#world.applyCuts(this)
  }

  request(): never {
    assert.fail('see `lacks`')
  }

  async stop(): Promise<void> {
    if (this.machine.core === null) return
    this.machine.core = null
    for (const peer of [...this.machine.peers.keys()]) this.disconnect(peer)
  }
}

class SimulatedWorld implements World {
  readonly queue = new EventQueue()
  readonly links: Links
  readonly #machines = new Set<Machine>()
  readonly #boards = new Map<Machine, SimulatedBoard>()

  constructor() {
    this.links = new Links({
      queue: this.queue,
      boards: this.#machines,
      feed: (machine, event) => {
        if (machine.core !== null) this.#boards.get(machine)?.told(event)
      },
      takeInTurn: (machine, act) => {
        if (machine.core !== null) act()
      },
      around: (machine) => [...this.#machines].filter((other) => other !== machine),
      delayMs,
      seed: 1,
      loses: () => false,
      isDialled: true,
    })
  }

  async board(options: BoardOptions = {}): Promise<SimulatedBoard> {
    const count = this.#machines.size
    const identity = cheapIdentity(count)
    const { id, signer } = (options.as as SimulatedBoard | undefined)?.machine.spec ?? { id: identity.node, signer: identity.signer }
    const machine = createBoard({ name: `b${count}`, id, signer, pool: options.pool ?? 'harbour', bootstrap: options.bootstrap ?? [] })
    const board = new SimulatedBoard(this, machine)
    this.#machines.add(machine)
    this.#boards.set(machine, board)
    // That a process runs, and which, is all that the network asks of a core.
    machine.core = {} as Machine['core']
    this.links.boot(machine)
    board.addresses = [machine.address]
    return board
  }

  async killAndRestart(board: Board, options: BoardOptions): Promise<Board> {
    await board.stop()
    return await this.board({ ...options, as: board })
  }

  /** Either end may cut. */
  applyCuts(board: SimulatedBoard): void {
    for (const other of this.#boards.values()) {
      const isCut = (one: SimulatedBoard, peer: NodeId): boolean => one.cut === null || one.cut.includes(peer)
      if (other === board) continue
      if (isCut(board, other.id) || isCut(other, board.id)) this.links.cut(board.machine, other.machine, false)
      else this.links.mend(board.machine, other.machine)
    }
  }

  cutWay(from: Board, to: Board): () => void {
    const [{ machine }, { machine: other }] = [from as SimulatedBoard, to as SimulatedBoard]
    this.links.cut(machine, other, true)
    return () => this.links.open(machine, other)
  }

  async until(what: string, predicate: () => boolean): Promise<void> {
    for (let waited = 0; !predicate(); waited += pollMs) {
      if (waited > patienceMs) assert.fail(`did not happen: ${what}`)
      this.queue.run(this.queue.now + pollMs)
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#boards.values()].map(async (board) => await board.stop()))
  }
}

const createWorld = async (): Promise<World> => new SimulatedWorld()
networkAcceptance('simulated', createWorld, new Set(['requests', 'strangers']))
networkRestartAcceptance('simulated', createWorld)
