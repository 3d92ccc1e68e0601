// Every address that may be dialled, with its back-off: the bootstrap list, what node documents say, what the DHT and mDNS
// found. Pure: time and chance come from the caller. An address is never given up; its pause only grows, up to a limit that is
// shorter while the board has too few peers.

import { dialLimits } from './limits.ts'

/** No peer at all; too few of the own pool; fewer than aimed at; enough. */
export type Need = 'isolated' | 'hungry' | 'modest' | 'satisfied'

export interface AddressEntry {
  readonly address: string
  /** Unknown for a bootstrap entry without one, until it has been reached. */
  peer: string | undefined
  readonly source: 'bootstrap' | 'remembered' | 'found'
  failures: number
  triedAt: number
  /** ± the jitter, drawn when it is tried, so that boards do not dial in step. */
  stretchPercent: number
}

export class AddressBook {
  readonly #entries = new Map<string, AddressEntry>()
  readonly #byPeer = new Map<string, Set<string>>()
  readonly #wanted = new Set<string>()
  /** Insertion order: the oldest loss first. */
  readonly #lost = new Set<string>()
  readonly #found = new Set<string>()

  addBootstrap(address: string, peer: string | undefined): void {
    this.#add(address, peer, 'bootstrap')
  }

  /** Replaces what was remembered of the peer; addresses of other sources stay. */
  remember(peer: string, addresses: readonly string[], wanted: boolean): void {
    if (wanted) this.#wanted.add(peer)
    else this.#wanted.delete(peer)
    const kept = new Set(addresses.slice(0, dialLimits.addressesPerPeerMax))
    for (const entry of this.entriesOf(peer)) {
      if (entry.source === 'remembered' && !kept.has(entry.address)) this.#remove(entry)
    }
    for (const address of kept) this.#add(address, peer, 'remembered')
  }

  /** From the DHT, mDNS or identify. Bounded; the peers found first are forgotten first. */
  found(peer: string, addresses: readonly string[]): void {
    if (addresses.length === 0) return
    this.#found.delete(peer)
    this.#found.add(peer)
    for (const address of addresses.slice(0, dialLimits.addressesPerPeerMax)) this.#add(address, peer, 'found')
    const foundOf = this.entriesOf(peer).filter((entry) => entry.source === 'found')
    for (const entry of foundOf.slice(0, -dialLimits.addressesPerPeerMax)) this.#remove(entry)
    if (this.#found.size > dialLimits.foundPeersMax) this.#dropFound(this.#found.values().next().value as string)
  }

  forget(peer: string): void {
    this.#wanted.delete(peer)
    this.#lost.delete(peer)
    this.#found.delete(peer)
    for (const entry of this.entriesOf(peer)) if (entry.source !== 'bootstrap') this.#remove(entry)
  }

  /** Its connection broke: it is tried again whatever else is connected. */
  lost(peer: string): void {
    this.#lost.delete(peer)
    this.#lost.add(peer)
    if (this.#lost.size > dialLimits.lostPeersMax) this.#lost.delete(this.#lost.values().next().value as string)
  }

  /** A peer stands again; says whether it was away. What failed at the same time may have healed as well, so every pause is cut short. */
  reached(peer: string): boolean {
    this.#lost.delete(peer)
    const mine = this.entriesOf(peer)
    const healed = mine.some((entry) => entry.failures > 1)
    for (const entry of mine) entry.failures = 0
    if (healed) for (const entry of this.#entries.values()) entry.failures = Math.min(entry.failures, 1)
    return healed
  }

  isWanted(peer: string): boolean {
    return this.#wanted.has(peer)
  }

  isLost(peer: string): boolean {
    return this.#lost.has(peer)
  }

  wantedPeers(): string[] {
    return [...this.#wanted]
  }

  entriesOf(peer: string): AddressEntry[] {
    return [...(this.#byPeer.get(peer) ?? [])].map((address) => this.#entries.get(address)!)
  }

  entries(): IterableIterator<AddressEntry> {
    return this.#entries.values()
  }

  get size(): number {
    return this.#entries.size
  }

  tried(entry: AddressEntry, now: number, chance: number): void {
    entry.triedAt = now
    entry.failures += 1 // taken back by `reached`
    entry.stretchPercent = 100 - dialLimits.cycleJitterPercent + 2 * dialLimits.cycleJitterPercent * chance
  }

  /** A bootstrap entry turned out to be this peer. An entry that was dropped while it was dialled stays dropped. */
  identified(entry: AddressEntry, peer: string): void {
    if (entry.peer === peer || this.#entries.get(entry.address) !== entry) return
    if (entry.peer !== undefined) this.#byPeer.get(entry.peer)?.delete(entry.address)
    entry.peer = peer
    this.#index(entry)
  }

  #add(address: string, peer: string | undefined, source: AddressEntry['source']): void {
    const present = this.#entries.get(address)
    if (present !== undefined) {
      if (present.source === 'found' && source === 'remembered') this.#remove(present)
      else return
    }
    if (this.#entries.size >= dialLimits.addressesMax) return
    const entry: AddressEntry = { address, peer, source, failures: 0, triedAt: Number.NEGATIVE_INFINITY, stretchPercent: 100 }
    this.#entries.set(address, entry)
    this.#index(entry)
  }

  #index(entry: AddressEntry): void {
    if (entry.peer === undefined) return
    const addresses = this.#byPeer.get(entry.peer) ?? new Set()
    addresses.add(entry.address)
    this.#byPeer.set(entry.peer, addresses)
  }

  #remove(entry: AddressEntry): void {
    this.#entries.delete(entry.address)
    if (entry.peer === undefined) return
    const addresses = this.#byPeer.get(entry.peer)
    addresses?.delete(entry.address)
    if (addresses?.size === 0) this.#byPeer.delete(entry.peer)
  }

  #dropFound(peer: string): void {
    this.#found.delete(peer)
    for (const entry of this.entriesOf(peer)) if (entry.source === 'found') this.#remove(entry)
  }
}

/** When an address may be tried again. */
export function dueAt(entry: AddressEntry, need: Need, lost = false): number {
  if (entry.failures === 0) return Number.NEGATIVE_INFINITY
  const most = {
    isolated: dialLimits.backoffIsolatedMsMax,
    hungry: dialLimits.backoffHungryMsMax,
    modest: dialLimits.backoffModestMsMax,
    satisfied: dialLimits.backoffMsMax,
  }[need]
  const longest = lost ? Math.min(most, dialLimits.backoffLostMsMax) : most
  const pause = Math.min(dialLimits.backoffMsMin * 2 ** Math.min(entry.failures - 1, 20), longest)
  return entry.triedAt + (pause * entry.stretchPercent) / 100
}

/** How long an address may stay silent that has failed so often. */
export function answerMs(failures: number): number {
  return failures % 2 === 0 ? dialLimits.answerMsMin : dialLimits.answerMsMax
}
