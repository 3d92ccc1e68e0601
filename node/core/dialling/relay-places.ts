// Whether others can dial this board, and at which members it takes places so that it can be reached through them. Pure: what is seen of the
// members comes from the caller, and so do their answers; what is to be done is returned as wishes.
//
// That somebody can dial it shows for nothing where a member has done so. Where none has, members are asked to try: each dials no address but those that
// this board has published itself. Members of the own net prove nothing about boards elsewhere, so they count only where there are no others.

import { hashText, pairHash } from '../../../scheduler/rendezvous.ts'
import { relayLimits as limits } from './limits.ts'

/** A member that is connected directly, by one connection or more. */
export interface MemberSeen {
  readonly peer: string
  /** This board has dialled it: so it can be dialled, as a relay must. */
  readonly isDialled: boolean
  /** It has dialled this board. */
  readonly hasDialled: boolean
  /** In a net that this board has an interface in. */
  readonly isNear: boolean
  readonly offersPlaces: boolean
  readonly isOfPool: boolean
  /** How long it has been connected. */
  readonly upMs: number
}

/** unknown: it has not tried. */
export type DialBack = 'reached' | 'not reached' | 'unknown'

export type RelayWish = { readonly kind: 'ask' | 'take' | 'leave'; readonly peer: string }

export interface Look {
  readonly now: number
  readonly members: readonly MemberSeen[]
  /** This board tells others addresses of its own. */
  readonly hasAddresses: boolean
}

interface Round {
  readonly asked: Set<string>
  readonly answers: DialBack[]
  readonly endsAt: number
}

export class RelayPlaces {
  readonly #self: string
  readonly #chance: () => number
  #verdict: 'unknown' | 'open' | 'hidden' = 'unknown'
  /** null: not before somebody is connected. */
  #askAt: number | null = null
  #round: Round | null = null
  /** When a member last said that it has not tried: an agent of an older version never does. */
  readonly #unknownAt = new Map<string, number>()
  #unknownAgainMs: number = limits.unknownAgainMs
  #farAt = Number.NEGATIVE_INFINITY
  readonly #places = new Set<string>()
  readonly #refusedAt = new Map<string, number>()

  /** `chance`: 0 … 1. */
  constructor(self: string, chance: () => number) {
    this.#self = self
    this.#chance = chance
  }

  get isHidden(): boolean {
    return this.#verdict === 'hidden'
  }

  /** What is to be done now; to be called every few seconds. */
  look({ now, members, hasAddresses }: Look): RelayWish[] {
    const judges = this.#whoCount(members, now)
    const asks = this.#judge(judges, hasAddresses, now)
    return [...asks, ...(this.#verdict === 'open' ? this.#leaveAll() : this.#take(judges, now))]
  }

  answered(peer: string, answer: DialBack, now: number): void {
    if (this.#round?.asked.delete(peer) !== true) return
    this.#round.answers.push(answer)
    if (answer === 'unknown') this.#unknownAt.set(peer, now)
    else this.#unknownAt.delete(peer)
    if (answer === 'reached' || this.#round.asked.size === 0) this.#endRound(this.#round, now)
  }

  /** It has a place there, or is about to. */
  holds(peer: string): boolean {
    return this.#places.has(peer)
  }

  /** The member has refused the place that was to be taken there. */
  refused(peer: string, now: number): void {
    this.#places.delete(peer)
    this.#refusedAt.set(peer, now)
  }

  /** The place is gone: its relay is not connected any more, or does not hold it. */
  lost(peer: string): void {
    this.#places.delete(peer)
  }

  /** What others found out about the addresses of before says nothing of these. */
  addressesChanged(now: number): void {
    this.#round = null
    this.#unknownAgainMs = limits.unknownAgainMs
    if (this.#askAt !== null) this.#askAt = now + limits.settleMs
  }

  #whoCount(members: readonly MemberSeen[], now: number): readonly MemberSeen[] {
    const far = members.filter(({ isNear }) => !isNear)
    if (far.length > 0) this.#farAt = now
    return far.length > 0 || now - this.#farAt < limits.farMs ? far : members
  }

  #judge(judges: readonly MemberSeen[], hasAddresses: boolean, now: number): RelayWish[] {
    if (this.#round !== null && now >= this.#round.endsAt) this.#endRound(this.#round, now)
    if (judges.length === 0) return []
    if (judges.some(({ hasDialled }) => hasDialled)) return this.#dialled(now)
    if (!hasAddresses) {
      this.#verdict = 'hidden'
      return []
    }
    this.#askAt ??= now + limits.settleMs
    if (this.#round !== null || now < this.#askAt) return []
    const asked = this.#whoToAsk(judges).slice(0, limits.asksMax)
    this.#round = { asked: new Set(asked.map(({ peer }) => peer)), answers: [], endsAt: now + limits.roundMs }
    return asked.map(({ peer }) => ({ kind: 'ask', peer }))
  }

  /** Who has not tried when it was asked comes last, and of those who was asked longest ago comes first. */
  #whoToAsk(judges: readonly MemberSeen[]): MemberSeen[] {
    const peers = new Set(judges.map(({ peer }) => peer))
    for (const peer of this.#unknownAt.keys()) if (!peers.has(peer)) this.#unknownAt.delete(peer)
    const since = ({ peer }: MemberSeen): number => this.#unknownAt.get(peer) ?? Number.NEGATIVE_INFINITY
    return this.#inOrder(judges).sort((a, b) => (since(a) === since(b) ? 0 : since(a) - since(b)))
  }

  #dialled(now: number): RelayWish[] {
    this.#verdict = 'open'
    this.#round = null
    // When that connection has gone, it is time to ask.
    this.#askAt = now + limits.settleMs
    return []
  }

  #endRound({ answers }: Round, now: number): void {
    this.#round = null
    const told = answers.filter((answer) => answer !== 'unknown')
    if (told.length > 0) this.#verdict = told.includes('reached') ? 'open' : 'hidden'
    const againMs = told.length === 0 ? this.#unknownAgainMs : this.isHidden ? limits.hiddenAgainMs : limits.openAgainMs
    this.#unknownAgainMs = told.length === 0 ? Math.min(2 * this.#unknownAgainMs, limits.hiddenAgainMs) : limits.unknownAgainMs
    this.#askAt = now + againMs * (1 + (limits.againJitterPercent / 100) * (2 * this.#chance() - 1))
  }

  #leaveAll(): RelayWish[] {
    const wishes = [...this.#places].map((peer): RelayWish => ({ kind: 'leave', peer }))
    this.#places.clear()
    return wishes
  }

  #take(judges: readonly MemberSeen[], now: number): RelayWish[] {
    if (this.#verdict !== 'hidden') return []
    for (const [peer, at] of this.#refusedAt) if (now - at >= limits.refusedMs) this.#refusedAt.delete(peer)
    const isFree = ({ peer, isDialled, offersPlaces }: MemberSeen): boolean =>
      isDialled && offersPlaces && !this.#places.has(peer) && !this.#refusedAt.has(peer)
    const taken = this.#inOrder(judges.filter(isFree)).slice(0, limits.placesMax - this.#places.size)
    for (const { peer } of taken) this.#places.add(peer)
    return taken.map(({ peer }) => ({ kind: 'take', peer }))
  }

  /**
   * The own pool first, since who looks for this board is mostly there; then who has stood for a while. Among equals each board has an order of
   * its own, so that not all of them go to the same relay.
   */
  #inOrder(members: readonly MemberSeen[]): MemberSeen[] {
    const own = hashText(this.#self)
    const place = ({ peer }: MemberSeen): number => pairHash(own, hashText(peer))
    const stands = ({ upMs }: MemberSeen): number => Number(upMs >= limits.standingMs)
    return members.toSorted(
      (a, b) => Number(b.isOfPool) - Number(a.isOfPool) || stands(b) - stands(a) || place(b) - place(a) || (a.peer < b.peer ? -1 : 1),
    )
  }
}
