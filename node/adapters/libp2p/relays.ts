// Carries out what `node/core/dialling/relay-places.ts` decides: asks members to dial this board, takes places at relays and gives them up, and says
// at which addresses this board is reached by them.

import type { Connection } from '@libp2p/interface'
import type { AddressBook } from '../../core/dialling/address-book.ts'
import { isRelayed } from '../../core/dialling/address-book.ts'
import { type DialBack, type MemberSeen, RelayPlaces, type RelayWish } from '../../core/dialling/relay-places.ts'
import { withPeer } from './addresses.ts'
import { askDialBack } from './dial-back.ts'
import { networkLimits } from './limits.ts'
import type { Link } from './link.ts'
import { type NetworkLog, wordsOf } from './log.ts'
import { isDirect } from './paths.ts'
import type { RelayClient } from './relay-client.ts'

export interface RelaysInput {
  readonly self: string
  readonly client: RelayClient
  readonly book: AddressBook
  /** Peers that are up, and are listened to. */
  readonly members: () => readonly Link[]
  readonly offersPlaces: (peer: string) => boolean
  readonly isNear: (address: string) => boolean
  /** `addresses` are others now. */
  readonly onAddresses: () => void
  readonly log: NetworkLog
}

interface Place {
  readonly addresses: readonly string[]
  /** null: it is there. */
  lostAt: number | null
}

export class Relays {
  readonly #input: RelaysInput
  readonly #decision: RelayPlaces
  readonly #places = new Map<string, Place>()

  constructor(input: RelaysInput) {
    this.#input = input
    this.#decision = new RelayPlaces(input.self, Math.random)
    input.client.onLost((relay) => this.#lost(relay))
  }

  /** Called every few seconds. `hasAddresses`: this board tells others addresses of its own. */
  look(now: number, hasAddresses: boolean): void {
    const members = this.#input.members().flatMap((link) => this.#seen(link, now) ?? [])
    for (const wish of this.#decision.look({ now, members, hasAddresses })) this.#do(wish)
    this.#forgetLost(now)
  }

  ownAddressesChanged(): void {
    this.#decision.addressesChanged(performance.now())
  }

  addresses(): string[] {
    return [...this.#places.values()].flatMap(({ addresses }) => addresses)
  }

  #seen({ peer, connections }: Link, now: number): MemberSeen | null {
    const direct = [...connections].filter(([one]) => isDirect(one))
    const first = direct[0]
    if (first === undefined) return null
    const { book, offersPlaces, isNear } = this.#input
    return {
      peer,
      isDialled: direct.some(([{ direction }]) => direction === 'outbound'),
      hasDialled: direct.some(([{ direction }]) => direction === 'inbound'),
      isNear: isNear(first[0].remoteAddr.toString()),
      offersPlaces: offersPlaces(peer),
      isOfPool: book.isWanted(peer),
      upMs: now - first[1].since,
    }
  }

  #do({ kind, peer }: RelayWish): void {
    if (kind === 'ask') void this.#ask(peer).then((answer) => this.#decision.answered(peer, answer, performance.now()))
    else if (kind === 'take') void this.#take(peer)
    else this.#leave(peer)
  }

  async #ask(peer: string): Promise<DialBack> {
    const connection = this.#directTo(peer)
    const answer = connection === undefined ? 'unknown' : await askDialBack(connection)
    this.#input.log.debug({ peer, answer }, 'asked a member to dial this board')
    return answer
  }

  async #take(relay: string): Promise<void> {
    const { client, log, onAddresses } = this.#input
    const addresses = this.#addressesThrough(relay)
    try {
      await client.take(relay)
    } catch (error) {
      this.#decision.refused(relay, performance.now())
      return log.debug({ relay, error: wordsOf(error) }, 'no place at a relay')
    }
    // Meanwhile members may have shown that they can dial this board.
    if (!this.#decision.holds(relay)) return client.leave(relay)
    this.#places.set(relay, { addresses, lostAt: null })
    log.info({ relay }, 'no member can dial this board: it is reached through a relay')
    onAddresses()
  }

  #leave(relay: string): void {
    const { client, log, onAddresses } = this.#input
    client.leave(relay)
    this.#places.delete(relay)
    log.info({ relay }, 'members can dial this board: its place at a relay is given up')
    onAddresses()
  }

  /** It is told of for a while: mostly the connection comes back, and the place is taken again. */
  #lost(relay: string): void {
    this.#decision.lost(relay)
    const place = this.#places.get(relay)
    if (place !== undefined) place.lostAt ??= performance.now()
  }

  #forgetLost(now: number): void {
    for (const [relay, { lostAt }] of this.#places) {
      if (lostAt === null || now - lostAt < networkLimits.relayLostMs) continue
      this.#places.delete(relay)
      this.#input.onAddresses()
    }
  }

  /** Where this board has dialled the relay, and what the relay has published. */
  #addressesThrough(relay: string): string[] {
    const { self, book } = this.#input
    const dialled = this.#directTo(relay)?.remoteAddr.toString()
    const known = book.entriesOf(relay).map(({ address }) => address)
    const direct = [...(dialled === undefined ? [] : [dialled]), ...known].filter((address) => !isRelayed(address))
    const all = new Set(direct.map((address) => `${withPeer(address, relay)}/p2p-circuit/p2p/${self}`))
    return [...all].slice(0, networkLimits.relayAddressesMax)
  }

  #directTo(peer: string): Connection | undefined {
    const link = this.#input.members().find((one) => one.peer === peer)
    const direct = [...(link?.connections.keys() ?? [])].filter(isDirect)
    return direct.find(({ direction }) => direction === 'outbound') ?? direct[0]
  }
}
