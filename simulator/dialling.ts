// Who connects to whom: the boards' own loop (`node/core/dialling`) on simulated addresses. A board is found only under the address that it
// has now, by whoever knows that address: from node documents, from a look-up among boards that can be reached, or by its name, which is
// what bootstrap lists say and follows an address late.

import type { ConnectionSeen, NameSeen, Reached, WayKnown } from '../crdt/api-doctor.ts'
import { addressesToTry } from '../crdt/bootstrap-addresses.ts'
import type { NodeId } from '../crdt/ids.ts'
import { AddressBook, answerMs } from '../node/core/dialling/address-book.ts'
import { dialLimits } from '../node/core/dialling/limits.ts'
import { type DialOutcome, Maintain } from '../node/core/dialling/maintain.ts'
import type { Effect } from '../node/core/effect.ts'
import type { Core } from '../node/core/step.ts'
import { type Board, isWhole } from './board.ts'
import type { Links } from './links.ts'
import { type Prng, createPrng } from './prng.ts'
import type { EventQueue } from './queue.ts'

/** As many boards a join file names. */
const bootstrapMax = 4
/** So long a name leads to the former address: the minute for which resolvers keep what they were told. */
export const nameMs = 60_000
/** A search for oneself ends with connections to so many boards. */
const closestMax = 20

export interface DiallingInput {
  readonly queue: EventQueue
  readonly seed: number
  readonly boards: ReadonlySet<Board>
  readonly links: Links
  /** One way, ms. */
  readonly delayMs: number
}

/** What one process knows; the next one begins with the bootstrap list. */
interface Dialler {
  readonly core: Core
  readonly book: AddressBook
  readonly maintain: Maintain
}

export class Dialling {
  /** Whether boards that boot from now on keep addresses that led to others, as real ones do: off, or traces of before that would change. */
  keepsWorked = false
  readonly #input: DiallingInput
  readonly #diallers = new Map<Board, Dialler>()
  /** What a board's operator gave it when it was set up. */
  readonly #bootstrap = new Map<Board, readonly string[]>()
  /** Name → the address that it leads to. */
  readonly #names = new Map<string, string>()
  /** Boards that cannot look up names. */
  readonly #nameless = new Set<Board>()
  /** Boards that nobody can dial: behind a NAT. */
  readonly #undialable = new Set<Board>()
  /** `from to`: that connection, if it stands, was dialled by the first. */
  readonly #dialled = new Set<string>()
  #boots = 0

  constructor(input: DiallingInput) {
    this.#input = input
    for (const board of input.boards) this.#names.set(nameOf(board), board.address)
  }

  /** The board has another address. */
  moved(board: Board): void {
    const { address } = board
    this.#input.queue.after(nameMs, () => this.#names.set(nameOf(board), address))
  }

  /** Names lead the board nowhere from now on, or somewhere again. It is not told: its next dial shows. */
  setNames(board: Board, work: boolean): void {
    if (work) this.#nameless.delete(board)
    else this.#nameless.add(board)
  }

  /** The name leads to this address from now on, whoever is there. */
  setName(name: string, address: string): void {
    this.#names.set(name, address)
  }

  /** Whether others' dials get through to the board; its own do anyhow. */
  setDialable(board: Board, isDialable: boolean): void {
    if (isDialable) this.#undialable.delete(board)
    else this.#undialable.add(board)
  }

  /** What the board dials by itself. */
  ways(board: Board): WayKnown[] {
    return this.#of(board)?.book.ways(this.#input.queue.now) ?? []
  }

  /** How its names resolve now. */
  names(board: Board): NameSeen[] {
    const listed = this.ways(board).filter(({ address, isBootstrap }) => isBootstrap && this.#names.has(address))
    return listed.map(({ address }): NameSeen => {
      const isBroken = this.#nameless.has(board)
      // As in an address, where a name has no slashes.
      const name = address.slice('/dns/'.length)
      return { name, outcome: isBroken ? 'nothing' : 'answers', addresses: isBroken ? [] : [this.#names.get(address)!], tookMs: 1 }
    })
  }

  /** How a dial of it would end now. */
  reach(board: Board, dialled: string): Reached {
    if (this.#names.has(dialled) && this.#nameless.has(board)) return 'unnamed'
    const address = this.#names.get(dialled) ?? dialled
    if (address === board.address) return 'yes'
    const target = [...this.#input.boards].find((other) => other.address === address)
    return target !== undefined && this.#getsThrough(board, target) ? 'yes' : 'silent'
  }

  connections(board: Board): ConnectionSeen[] {
    return [...board.peers.keys()].map((node) => ({
      node,
      by: this.#dialled.has(`${board.spec.id} ${node}`) ? 'here' : 'there',
      isRelayed: false,
    }))
  }

  #getsThrough(board: Board, target: Board): boolean {
    return !this.#undialable.has(target) && this.#input.links.isPassable(board, target)
  }

  boot(board: Board): void {
    const { queue, seed, links } = this.#input
    const core = board.core!
    const prng = createPrng(seed ^ Math.imul(++this.#boots, 0x85ebca6b))
    const book = new AddressBook({ workedMax: this.keepsWorked ? dialLimits.workedMax : 0 })
    const bootstrap = this.#bootstrap.get(board) ?? board.spec.bootstrap ?? this.#bootstrapOf(board)
    this.#bootstrap.set(board, bootstrap)
    for (const address of bootstrap) book.addBootstrap(address, undefined)
    const chance = (): number => prng.below(1_000_000) / 1_000_000
    const maintain = new Maintain({
      book,
      log: { debug: () => {}, info: () => {} },
      dial: (address, _peer, failures, done) => this.#dial(board, address, failures, done),
      search: (peer, done) => this.#search(board, peer as NodeId, done),
      isConnected: (peer) => peer === board.spec.id || board.peers.has(peer as NodeId),
      peers: () => ({ all: board.peers.size, pool: [...board.peers.values()].filter((peer) => isOfPool(board, book, peer)).length }),
      hangUp: (peer) => links.disconnect(board, peer as NodeId),
      now: () => queue.now,
      chance,
      after: (ms, act) => this.#after(board, ms, act),
    })
    for (const { address, peer } of this.#diallers.get(board)?.book.workedAddresses() ?? []) book.worked(address, peer)
    this.#diallers.set(board, { core, book, maintain })
    maintain.start()
    this.#querySelf(board, (dialLimits.firstQuerySelfMsMax * (1 + chance())) / 2, prng)
  }

  /** What the board's core says about where others are. */
  learn(board: Board, effect: Effect & { kind: 'remember' | 'forget' | 'bootstrap' }): void {
    if (effect.kind === 'bootstrap') this.#listed(board, effect.listed, effect.removed)
    else if (effect.kind === 'forget') this.#of(board)?.book.forget(effect.peer)
    else if (effect.peer !== board.spec.id) this.#of(board)?.book.remember(effect.peer, effect.addresses, effect.wanted)
  }

  #listed(board: Board, listed: readonly string[], removed: readonly string[]): void {
    const wanted = addressesToTry(this.#bootstrap.get(board) ?? [], { listed, removed })
    this.#of(board)?.book.setBootstrap(new Map(wanted.map((address) => [address, undefined])))
    this.#of(board)?.maintain.hurry()
  }

  up(board: Board, peer: NodeId): void {
    const dialler = this.#of(board)
    if (dialler?.book.reached(peer) === true) dialler.maintain.recovered()
  }

  down(board: Board, peer: NodeId): void {
    const dialler = this.#of(board)
    dialler?.book.lost(peer)
    dialler?.maintain.hurry()
  }

  #of(board: Board): Dialler | undefined {
    const dialler = this.#diallers.get(board)
    return dialler !== undefined && dialler.core === board.core ? dialler : undefined
  }

  /** Boards that can be asked for the way in, by name: running ones first. */
  #bootstrapOf(board: Board): string[] {
    const others = [...this.#input.boards].filter((other) => other.spec.id !== board.spec.id)
    // A board that is down now may have left for good, or all of them may be without power.
    const rank = (other: Board): number =>
      Number(other.core === null) + 2 * Number(other.spec.pool !== board.spec.pool) + 4 * Number(other.core === null && other.boots > 0)
    return others
      .toSorted((a, b) => rank(a) - rank(b))
      .slice(0, bootstrapMax)
      .map((other) => nameOf(other))
  }

  /** Timers of a process: gone with it, and late when it sleeps. */
  #after(board: Board, ms: number, act: () => void): () => void {
    const { queue } = this.#input
    const { core } = board
    let isOff = false
    const fire = (): void => {
      if (isOff || board.core !== core) return
      if (board.pausedUntil > queue.now) return queue.at(board.pausedUntil, fire)
      act()
    }
    queue.after(ms, fire)
    return () => (isOff = true)
  }

  #dial(board: Board, dialled: string, failures: number, done: (outcome: DialOutcome) => void): void {
    const { boards, links, delayMs } = this.#input
    if (this.#names.has(dialled) && this.#nameless.has(board)) return done({ fault: 'the name cannot be looked up' })
    const address = this.#names.get(dialled) ?? dialled
    if (address === board.address) return done({ peer: board.spec.id })
    const target = [...boards].find((other) => other.address === address)
    const silent = (): void => {
      this.#after(board, answerMs(failures), () => done({ fault: 'no answer' }))
    }
    if (target === undefined || !this.#getsThrough(board, target)) return silent()
    const { core } = target
    this.#after(board, Math.max(2 * delayMs, target.pausedUntil - this.#input.queue.now), () => {
      if (target.core !== core || target.address !== address || !links.isPassable(board, target)) return silent()
      // A machine with one's own key is oneself to libp2p.
      if (target.spec.id !== board.spec.id) {
        this.#of(board)?.book.worked(dialled, target.spec.id)
        if (!board.peers.has(target.spec.id)) {
          this.#dialled.add(`${board.spec.id} ${target.spec.id}`)
          this.#dialled.delete(`${target.spec.id} ${board.spec.id}`)
        }
        links.join(board, target)
      }
      done({ peer: target.spec.id })
    })
  }

  /** Whoever can be reached over boards that are connected knows those that are connected with it. */
  #search(board: Board, peer: NodeId, done: (addresses: readonly string[]) => void): void {
    this.#after(board, 4 * this.#input.delayMs, () => {
      const found = this.#reachable(board).find(({ spec }) => spec.id === peer)
      done(found === undefined ? [] : [found.address])
    })
  }

  #querySelf(board: Board, inMs: number, prng: Prng): void {
    this.#after(board, inMs, () => {
      const found = prng.shuffle(
        this.#reachable(board).filter((other) => other.spec.id !== board.spec.id && !board.peers.has(other.spec.id)),
      )
      for (const { address } of found.slice(0, closestMax)) this.#dial(board, address, 0, () => {})
      this.#querySelf(board, dialLimits.querySelfMs, prng)
    })
  }

  #reachable(board: Board): Board[] {
    const { links } = this.#input
    const reached = new Set([board])
    for (const from of reached) for (const to of from.peers.values()) if (links.isPassable(from, to) && isWhole(from, to)) reached.add(to)
    return [...reached]
  }
}

function isOfPool(board: Board, book: AddressBook, peer: Board): boolean {
  return book.isWanted(peer.spec.id) || peer.spec.pool === board.spec.pool
}

function nameOf(board: Board): string {
  return `/dns/${board.spec.name}`
}
