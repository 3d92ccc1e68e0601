// Which addresses to dial now. Pure. Lost and wanted peers come first, but never all of the places, so that one side full of
// dead boards cannot keep a bootstrap entry from being tried. New peers are added slowly, lost ones as fast as there are places. At most
// one address per peer in a cycle.

import { type AddressBook, type AddressEntry, type Need, dueAt, isRelayed } from './address-book.ts'
import { dialLimits } from './limits.ts'

export interface ChooseInput {
  readonly book: AddressBook
  readonly need: Need
  readonly now: number
  readonly places: number
  readonly isConnected: (peer: string) => boolean
  readonly chance: () => number
  /** A satisfied board tries one address beyond the lost peers when this is true. */
  readonly bridge: boolean
}

export function chooseDials(input: ChooseInput): AddressEntry[] {
  const { book, need, now, places } = input
  const lost: AddressEntry[] = []
  const wanted: AddressEntry[] = []
  const others: AddressEntry[] = []
  for (const entry of book.entries()) {
    if (entry.peer !== undefined && input.isConnected(entry.peer)) continue
    const isLost = entry.peer !== undefined && book.isLost(entry.peer)
    if (dueAt(entry, need, isLost) > now || !isWorthIt(book, entry, need)) continue
    if (isLost) lost.push(entry)
    else if (need !== 'satisfied' && entry.peer !== undefined && book.isWanted(entry.peer)) wanted.push(entry)
    else others.push(entry)
  }
  if (need === 'satisfied')
    return pick(input, [
      [lost, places],
      [others, input.bridge ? 1 : 0],
    ])
  const kept = others.length > 0 ? 1 : 0
  if (need === 'isolated')
    return pick(input, [
      [[...lost, ...wanted], places - kept],
      [others, places],
      [[...lost, ...wanted], places],
    ])
  return pick(input, [
    [lost, places - kept],
    [wanted, newcomersOf[need]],
    [others, newcomersOf[need]],
    [lost, places],
  ])
}

/**
 * What goes over a relay costs that board twice and leads nowhere that it does not lead by itself: only a board that has hardly anybody dials so,
 * and only whom it cannot dial otherwise.
 */
function isWorthIt(book: AddressBook, { address, peer }: AddressEntry, need: Need): boolean {
  if (peer === undefined || !isRelayed(address)) return true
  if (need !== 'isolated' && need !== 'hungry') return false
  return book.entriesOf(peer).every((entry) => isRelayed(entry.address) || entry.failures > 0)
}

/**
 * Of a pool that boots at once every board dials the others, who dial it: with a few at a time each sees what the others have done before
 * it has twice the connections that it aims at.
 */
const newcomersOf = { hungry: dialLimits.hungryDials, modest: dialLimits.modestDials } as const

/** Takes from each list up to its share, the longest untried first, until the places are used up. */
function pick(input: ChooseInput, lists: readonly (readonly [AddressEntry[], number])[]): AddressEntry[] {
  const chosen: AddressEntry[] = []
  const peers = new Set<string>()
  for (const [list, share] of lists) {
    let taken = 0
    for (const entry of byAge(list, input.chance)) {
      if (taken >= share || chosen.length >= input.places) break
      const peer = entry.peer ?? entry.address
      if (peers.has(peer)) continue
      peers.add(peer)
      chosen.push(entry)
      taken += 1
    }
  }
  return chosen
}

function byAge(list: readonly AddressEntry[], chance: () => number): AddressEntry[] {
  return list
    .map((entry) => ({ entry, order: chance() }))
    .sort((a, b) => (a.entry.triedAt === b.entry.triedAt ? a.order - b.order : a.entry.triedAt < b.entry.triedAt ? -1 : 1))
    .map(({ entry }) => entry)
}
