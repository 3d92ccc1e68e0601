// The loop that keeps a board connected, for ever: libp2p itself dials its bootstrap list once and gives up on a lost peer
// after half a minute. Pure: time, chance, timers and the dials themselves are the caller's, the real node's or the simulator's. Each cycle asks how much is needed, dials a few addresses within a budget per minute, and searches the
// DHT for a wanted peer whose addresses all failed.

import { AddressBook, type AddressEntry, type Need } from './address-book.ts'
import { chooseDials } from './choose-dials.ts'
import { dialLimits } from './limits.ts'

export interface MaintainDeps {
  readonly book: AddressBook
  readonly log: DialLog
  /** Dials one address, which has failed so often since it was last reached, and says once who answered or what was wrong. */
  dial(address: string, peer: string | undefined, failures: number, done: (outcome: DialOutcome) => void): void | Promise<void>
  /** Asks the others for addresses of the peer; answers once, with none if nobody knows. */
  search(peer: string, done: (addresses: readonly string[]) => void): void | Promise<void>
  isConnected(peer: string): boolean
  /** How many peers are up, and how many of them belong to the own pool. */
  peers(): { readonly all: number; readonly pool: number }
  hangUp(peer: string): void
  /** Monotonic ms. */
  now(): number
  /** 0 … 1. */
  chance(): number
  /** Calls back once after so many ms; what is returned calls it off. */
  after(ms: number, act: () => void): () => void
}

export type DialOutcome = { readonly peer: string } | { readonly fault: string }

/** What this loop needs of a logger. */
export interface DialLog {
  debug(data: object, message: string): void
  info(data: object, message: string): void
}

export class Maintain {
  readonly #deps: MaintainDeps
  #callOff: () => void = () => {}
  #timerAt = Number.POSITIVE_INFINITY
  #stopped = true
  #tokens: number = dialLimits.dialBurst
  #tokensAt = 0
  #isolatedSince = 0
  #bridgeAt = 0
  readonly #bridges: string[] = []
  readonly #dialling = new Set<AddressEntry>()
  readonly #searches = new Map<string, { failures: number; at: number }>()

  constructor(deps: MaintainDeps) {
    this.#deps = deps
  }

  start(): void {
    this.#stopped = false
    this.#isolatedSince = this.#tokensAt = this.#deps.now()
    this.#bridgeAt = this.#tokensAt + dialLimits.bridgeMs * (0.5 + this.#deps.chance())
    this.#schedule(0)
  }

  stop(): void {
    this.#stopped = true
    this.#callOff()
  }

  /** Something changed: run soon, but not all boards at the same moment. */
  hurry(): void {
    this.#schedule(dialLimits.hurryMs * (1 + this.#deps.chance()))
  }

  /** A way back was found after failures: the others are likely to answer again too. */
  recovered(): void {
    this.#tokens = Math.max(this.#tokens, dialLimits.recoveryDials)
    this.hurry()
  }

  #schedule(wait: number): void {
    if (this.#stopped) return
    const at = this.#deps.now() + wait
    if (at >= this.#timerAt) return
    this.#callOff()
    this.#timerAt = at
    this.#callOff = this.#deps.after(wait, () => this.#cycle())
  }

  #cycle(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    const { book, chance } = this.#deps
    const now = this.#deps.now()
    const need = this.#need(now)
    const bridge = need === 'satisfied' && now >= this.#bridgeAt
    if (bridge) this.#bridgeAt = now + dialLimits.bridgeMs * (0.5 + chance())
    const places = Math.min(dialLimits.dialsPerCycleMax - this.#dialling.size, this.#budget(now))
    const isConnected = (peer: string): boolean => this.#deps.isConnected(peer)
    const entries = places > 0 ? chooseDials({ book, need, now, places, isConnected, chance, bridge }) : []
    for (const entry of entries) if (!this.#dialling.has(entry)) this.#dial(entry, bridge)
    if (need !== 'isolated') this.#search(now, need)
    const fast = need === 'isolated' && now - this.#isolatedSince < dialLimits.isolatedFastForMs
    const jitter = 1 + (dialLimits.cycleJitterPercent / 100) * (2 * chance() - 1)
    this.#schedule((fast ? dialLimits.isolatedCycleMs : dialLimits.cycleMs) * jitter)
  }

  #need(now: number): Need {
    const { all, pool } = this.#deps.peers()
    if (all > 0) this.#isolatedSince = now
    if (all === 0) return 'isolated'
    if (pool < dialLimits.poolPeersMin) return 'hungry'
    return pool < dialLimits.poolPeersAim ? 'modest' : 'satisfied'
  }

  /** Whole dials that may be made now. */
  #budget(now: number): number {
    const earned = ((now - this.#tokensAt) * dialLimits.dialsPerMinuteMax) / 60_000
    this.#tokens = Math.min(dialLimits.dialBurst, this.#tokens + earned)
    this.#tokensAt = now
    return Math.floor(this.#tokens)
  }

  #dial(entry: AddressEntry, bridge: boolean): void {
    const { book, log } = this.#deps
    this.#tokens -= 1
    this.#dialling.add(entry)
    const { failures } = entry
    book.tried(entry, this.#deps.now(), this.#deps.chance())
    void this.#deps.dial(entry.address, entry.peer, failures, (outcome) => {
      this.#dialling.delete(entry)
      book.ended(entry, 'fault' in outcome ? outcome.fault : null, this.#deps.now())
      if ('fault' in outcome) return log.debug({ address: entry.address, failures: entry.failures, error: outcome.fault }, 'dial failed')
      book.identified(entry, outcome.peer)
      if (bridge && !book.isLost(outcome.peer)) this.#bridged(outcome.peer)
    })
  }

  /** Extra connections are replaced one by one, so that they mix the fleet without growing in number. */
  #bridged(peer: string): void {
    this.#bridges.push(peer)
    if (this.#bridges.length <= dialLimits.bridgesMax) return
    const oldest = this.#bridges.shift()!
    if (this.#deps.peers().pool > dialLimits.poolPeersAim) this.#deps.hangUp(oldest)
  }

  /** At most one search a cycle, for the wanted peer that has waited longest; a satisfied board looks only for those it lost. */
  #search(now: number, need: Need): void {
    const { book } = this.#deps
    if (this.#budget(now) < dialLimits.searchDials) return
    for (const peer of this.#searches.keys()) if (this.#deps.isConnected(peer) || !book.isWanted(peer)) this.#searches.delete(peer)
    let next: string | undefined
    let nextAt = now
    for (const peer of book.wantedPeers()) {
      if (need === 'satisfied' && !book.isLost(peer)) continue
      if (this.#deps.isConnected(peer) || book.entriesOf(peer).some((entry) => entry.failures < 2)) continue
      const at = this.#searches.get(peer)?.at ?? Number.NEGATIVE_INFINITY
      if (at <= nextAt && (next === undefined || at < nextAt)) [next, nextAt] = [peer, at]
    }
    if (next !== undefined) this.#searchFor(next, now)
  }

  #searchFor(peer: string, now: number): void {
    this.#tokens -= dialLimits.searchDials
    const failures = (this.#searches.get(peer)?.failures ?? 0) + 1
    const pause = Math.min(dialLimits.searchMsMin * 2 ** Math.min(failures - 1, 10), dialLimits.backoffMsMax)
    this.#searches.set(peer, { failures, at: now + pause })
    const known = new Set(this.#deps.book.entriesOf(peer).map((entry) => entry.address))
    void this.#deps.search(peer, (addresses) => {
      const fresh = addresses.filter((address) => !known.has(address))
      if (fresh.length === 0 || this.#stopped) return
      this.#deps.log.info({ peer, addresses: fresh }, 'found new addresses of a peer')
      this.#deps.book.found(peer, fresh)
      this.hurry()
    })
  }
}
