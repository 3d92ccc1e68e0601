// The loop that keeps a board connected, for ever: libp2p itself dials its bootstrap list once and gives up on a lost peer
// after half a minute. Each cycle asks how much is needed, dials a few addresses within a budget per minute, and searches the
// DHT for a wanted peer whose addresses all failed.

import { AddressBook, type AddressEntry, type Need } from './address-book.ts'
import { chooseDials } from './choose-dials.ts'
import { networkLimits } from './limits.ts'
import { type NetworkLog, wordsOf } from './log.ts'

export interface MaintainDeps {
  readonly book: AddressBook
  readonly log: NetworkLog
  /** Dials one address, which has failed so often since it was last reached, and says who answered. */
  dial(address: string, peer: string | undefined, failures: number): Promise<string>
  search(peer: string): Promise<readonly string[]>
  isConnected(peer: string): boolean
  /** How many peers are up, and how many of them belong to the own pool. */
  peers(): { readonly all: number; readonly pool: number }
  hangUp(peer: string): void
  now(): number
  chance(): number
}

export class Maintain {
  readonly #deps: MaintainDeps
  #timer: NodeJS.Timeout | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #stopped = true
  #tokens: number = networkLimits.dialBurst
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
    this.#bridgeAt = this.#tokensAt + networkLimits.bridgeMs * (0.5 + this.#deps.chance())
    this.#schedule(0)
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
  }

  /** Something changed: run soon, but not all boards at the same moment. */
  hurry(): void {
    this.#schedule(networkLimits.hurryMs * (1 + this.#deps.chance()))
  }

  /** A way back was found after failures: the others are likely to answer again too. */
  recovered(): void {
    this.#tokens = Math.max(this.#tokens, networkLimits.recoveryDials)
    this.hurry()
  }

  #schedule(wait: number): void {
    if (this.#stopped) return
    const at = this.#deps.now() + wait
    if (at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    this.#timer = setTimeout(() => this.#cycle(), wait)
    this.#timer.unref()
  }

  #cycle(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    const { book, chance } = this.#deps
    const now = this.#deps.now()
    const need = this.#need(now)
    const bridge = need === 'satisfied' && now >= this.#bridgeAt
    if (bridge) this.#bridgeAt = now + networkLimits.bridgeMs * (0.5 + chance())
    const places = Math.min(networkLimits.dialsPerCycleMax - this.#dialling.size, this.#budget(now))
    const isConnected = (peer: string): boolean => this.#deps.isConnected(peer)
    const entries = places > 0 ? chooseDials({ book, need, now, places, isConnected, chance, bridge }) : []
    for (const entry of entries) if (!this.#dialling.has(entry)) void this.#dial(entry, bridge)
    if (need !== 'isolated') this.#search(now, need)
    const fast = need === 'isolated' && now - this.#isolatedSince < networkLimits.isolatedFastForMs
    const jitter = 1 + (networkLimits.cycleJitterPercent / 100) * (2 * chance() - 1)
    this.#schedule((fast ? networkLimits.isolatedCycleMs : networkLimits.cycleMs) * jitter)
  }

  #need(now: number): Need {
    const { all, pool } = this.#deps.peers()
    if (all > 0) this.#isolatedSince = now
    if (all === 0) return 'isolated'
    if (pool < networkLimits.poolPeersMin) return 'hungry'
    return pool < networkLimits.poolPeersAim ? 'modest' : 'satisfied'
  }

  /** Whole dials that may be made now. */
  #budget(now: number): number {
    const earned = ((now - this.#tokensAt) * networkLimits.dialsPerMinuteMax) / 60_000
    this.#tokens = Math.min(networkLimits.dialBurst, this.#tokens + earned)
    this.#tokensAt = now
    return Math.floor(this.#tokens)
  }

  async #dial(entry: AddressEntry, bridge: boolean): Promise<void> {
    const { book, log } = this.#deps
    this.#tokens -= 1
    this.#dialling.add(entry)
    const { failures } = entry
    book.tried(entry, this.#deps.now(), this.#deps.chance())
    try {
      const peer = await this.#deps.dial(entry.address, entry.peer, failures)
      book.identified(entry, peer)
      if (bridge && !book.isLost(peer)) this.#bridged(peer)
    } catch (error) {
      log.debug({ address: entry.address, failures: entry.failures, error: wordsOf(error) }, 'dial failed')
    } finally {
      this.#dialling.delete(entry)
    }
  }

  /** Extra connections are replaced one by one, so that they mix the fleet without growing in number. */
  #bridged(peer: string): void {
    this.#bridges.push(peer)
    if (this.#bridges.length <= networkLimits.bridgesMax) return
    const oldest = this.#bridges.shift()!
    if (this.#deps.peers().pool > networkLimits.poolPeersAim) this.#deps.hangUp(oldest)
  }

  /** At most one search a cycle, for the wanted peer that has waited longest; a satisfied board looks only for those it lost. */
  #search(now: number, need: Need): void {
    const { book } = this.#deps
    if (this.#budget(now) < networkLimits.searchDials) return
    for (const peer of this.#searches.keys()) if (this.#deps.isConnected(peer) || !book.isWanted(peer)) this.#searches.delete(peer)
    let next: string | undefined
    let nextAt = now
    for (const peer of book.wantedPeers()) {
      if (need === 'satisfied' && !book.isLost(peer)) continue
      if (this.#deps.isConnected(peer) || book.entriesOf(peer).some((entry) => entry.failures < 2)) continue
      const at = this.#searches.get(peer)?.at ?? Number.NEGATIVE_INFINITY
      if (at <= nextAt && (next === undefined || at < nextAt)) [next, nextAt] = [peer, at]
    }
    if (next !== undefined) void this.#searchFor(next, now)
  }

  async #searchFor(peer: string, now: number): Promise<void> {
    this.#tokens -= networkLimits.searchDials
    const failures = (this.#searches.get(peer)?.failures ?? 0) + 1
    const pause = Math.min(networkLimits.searchMsMin * 2 ** Math.min(failures - 1, 10), networkLimits.backoffMsMax)
    this.#searches.set(peer, { failures, at: now + pause })
    const known = new Set(this.#deps.book.entriesOf(peer).map((entry) => entry.address))
    const fresh = (await this.#deps.search(peer)).filter((address) => !known.has(address))
    if (fresh.length === 0 || this.#stopped) return
    this.#deps.log.info({ peer, addresses: fresh }, 'found new addresses of a peer')
    this.#deps.book.found(peer, fresh)
    this.hurry()
  }
}
