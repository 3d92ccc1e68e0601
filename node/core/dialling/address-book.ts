// Every address that may be dialled, with its back-off: the bootstrap list, what node documents say, what the DHT and mDNS
// found, and what once led to a board. Pure: time and chance come from the caller. An address is never given up; its pause only
// grows, up to a limit that is shorter while the board has too few peers.

import type { WayKnown } from '../../../crdt/api-doctor.ts'
import { type Fault, failedAgain, faultRow } from './fault.ts'
import { dialLimits } from './limits.ts'

/** No peer at all; too few of the own pool; fewer than aimed at; enough. */
export type Need = 'isolated' | 'hungry' | 'modest' | 'satisfied'

type Source = 'bootstrap' | 'remembered' | 'found' | 'worked'

export interface AddressEntry {
  readonly address: string
  /** Unknown for a bootstrap entry without one, until it has been reached. */
  peer: string | undefined
  /** Why it is known; without any reason left it is dropped. */
  readonly sources: Set<Source>
  failures: number
  triedAt: number
  /** ± the jitter, drawn when it is tried, so that boards do not dial in step. */
  stretchPercent: number
  /** Its dials have failed since it was last dialled well: for `shoal doctor` alone. */
  fault: Fault | null
}

export class AddressBook {
  readonly #entries = new Map<string, AddressEntry>()
  readonly #byPeer = new Map<string, Set<string>>()
  readonly #wanted = new Set<string>()
  /** Insertion order: the oldest loss first. */
  readonly #lost = new Set<string>()
  readonly #found = new Set<string>()
  /** Listed addresses of which only a document says whose they are: that does not keep them from being tried. Address → who says so. */
  readonly #claimed = new Map<string, string>()
  /** Addresses that led to a board, the one of which that was longest ago first. */
  readonly #worked = new Set<string>()
  readonly #workedMax: number

  /** `workedMax`: how many of them are kept when nothing else names them any more. */
  constructor({ workedMax = 0 }: { readonly workedMax?: number } = {}) {
    this.#workedMax = workedMax
  }

  addBootstrap(address: string, peer: string | undefined): void {
    this.#add(address, peer, 'bootstrap')
  }

  /** What is no longer listed is not dialled for that. */
  setBootstrap(list: ReadonlyMap<string, string | undefined>): void {
    for (const entry of [...this.#entries.values()]) {
      if (list.has(entry.address)) continue
      this.#unsay(entry, 'bootstrap')
      const owner = this.#claimed.get(entry.address)
      if (owner !== undefined && this.#claimed.delete(entry.address)) this.#add(entry.address, owner, 'remembered')
    }
    for (const [address, peer] of list) this.addBootstrap(address, peer)
  }

  /** It led to this peer, now or before this process began. Says whether that is news. */
  worked(address: string, peer: string): boolean {
    if (this.#workedMax === 0) return false
    const isNews = !this.#worked.delete(address)
    this.#worked.add(address)
    this.#add(address, peer, 'worked')
    const entry = this.#entries.get(address)
    if (entry !== undefined) this.identified(entry, peer)
    if (this.#worked.size > this.#workedMax) this.#outlive(this.#worked.values().next().value as string)
    return isNews
  }

  /** In the order in which they led to a board. */
  workedAddresses(): { readonly address: string; readonly peer: string }[] {
    return [...this.#worked].flatMap((address) => {
      const peer = this.#entries.get(address)?.peer
      return peer === undefined ? [] : [{ address, peer }]
    })
  }

  /** Replaces what was remembered of the peer; addresses of other sources stay. */
  remember(peer: string, addresses: readonly string[], wanted: boolean): void {
    if (wanted) this.#wanted.add(peer)
    else this.#wanted.delete(peer)
    const kept = new Set(addresses.slice(0, dialLimits.addressesPerPeerMax))
    for (const entry of this.entriesOf(peer)) if (!kept.has(entry.address)) this.#unsay(entry, 'remembered')
    this.#disclaim(peer, kept)
    for (const address of kept) this.#add(address, peer, 'remembered')
  }

  /** From the DHT, mDNS or identify. Bounded; the peers found first are forgotten first. */
  found(peer: string, addresses: readonly string[]): void {
    if (addresses.length === 0) return
    this.#found.delete(peer)
    this.#found.add(peer)
    for (const address of addresses.slice(0, dialLimits.addressesPerPeerMax)) this.#add(address, peer, 'found')
    const foundOf = this.entriesOf(peer).filter((entry) => entry.sources.has('found'))
    for (const entry of foundOf.slice(0, -dialLimits.addressesPerPeerMax)) this.#unsay(entry, 'found')
    if (this.#found.size > dialLimits.foundPeersMax) this.#dropFound(this.#found.values().next().value as string)
  }

  forget(peer: string): void {
    this.#wanted.delete(peer)
    this.#lost.delete(peer)
    this.#found.delete(peer)
    this.#disclaim(peer, new Set())
    for (const entry of this.entriesOf(peer)) for (const source of ['remembered', 'found', 'worked'] as const) this.#unsay(entry, source)
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

  /** How a dial of it ended. */
  ended(entry: AddressEntry, fault: string | null, now: number): void {
    entry.fault = fault === null ? null : failedAgain(entry.fault, fault, now)
  }

  /** What the bootstrap list has, and what could not be dialled: in the order in which it was learnt. */
  ways(now: number): WayKnown[] {
    return [...this.#entries.values()]
      .filter(({ sources, fault }) => sources.has('bootstrap') || fault !== null)
      .slice(0, dialLimits.waysMax)
      .map(({ address, peer, sources, fault }) => ({
        address,
        node: peer ?? null,
        isBootstrap: sources.has('bootstrap'),
        fault: faultRow(fault, now),
      }))
  }

  /** A bootstrap entry turned out to be this peer. An entry that was dropped while it was dialled stays dropped. */
  identified(entry: AddressEntry, peer: string): void {
    if (entry.peer === peer || this.#entries.get(entry.address) !== entry) return
    if (entry.peer !== undefined) this.#byPeer.get(entry.peer)?.delete(entry.address)
    entry.peer = peer
    this.#index(entry)
  }

  #add(address: string, peer: string | undefined, source: Source): void {
    const present = this.#entries.get(address)
    const isOnlyFound = present !== undefined && present.sources.size === 1 && present.sources.has('found')
    if (present !== undefined && !(isOnlyFound && source === 'remembered')) {
      // What is known otherwise is not to be dropped with the few that were found.
      if (source === 'remembered' && present.peer === undefined) this.#claimed.set(address, peer!)
      else if (source !== 'found') present.sources.add(source)
      return
    }
    if (present !== undefined) this.#remove(present)
    if (this.#entries.size >= dialLimits.addressesMax) return
    const sources = new Set([source])
    const entry: AddressEntry = { address, peer, sources, failures: 0, triedAt: Number.NEGATIVE_INFINITY, stretchPercent: 100, fault: null }
    this.#entries.set(address, entry)
    this.#index(entry)
  }

  #disclaim(peer: string, kept: ReadonlySet<string>): void {
    for (const [address, owner] of this.#claimed) if (owner === peer && !kept.has(address)) this.#claimed.delete(address)
  }

  #unsay(entry: AddressEntry, source: Source): void {
    if (source === 'worked') this.#worked.delete(entry.address)
    if (entry.sources.delete(source) && entry.sources.size === 0) this.#remove(entry)
  }

  #outlive(address: string): void {
    const entry = this.#entries.get(address)
    if (entry !== undefined) this.#unsay(entry, 'worked')
    else this.#worked.delete(address)
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
    for (const entry of this.entriesOf(peer)) this.#unsay(entry, 'found')
  }
}

/** It leads over another board. */
export function isRelayed(address: string): boolean {
  return address.includes('/p2p-circuit')
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
