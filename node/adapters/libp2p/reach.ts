// Finds a way to a board that somebody wants to talk to now: an open connection, else every address that is known of it, else
// the DHT without its cache.

import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { NodeId } from '../../../crdt/ids.ts'
import { type AddressBook, isRelayed } from '../../core/dialling/address-book.ts'
import { withPeer } from './addresses.ts'
import { UnreachableError } from './api-error.ts'
import { findAddresses } from './dht.ts'
import { dialAddress } from './dial.ts'
import { type NetworkLog, wordsOf } from './log.ts'
import type { BoardNode } from './settings.ts'

export interface ReachInput {
  readonly node: BoardNode
  readonly book: AddressBook
  readonly peer: NodeId
  readonly signal: AbortSignal
  readonly log: NetworkLog
}

export async function reach(input: ReachInput): Promise<Connection> {
  const { node, book, peer, signal } = input
  const open = node.getConnections(peerIdFromString(peer)).findLast((one) => one.status === 'open' && one.limits === undefined)
  if (open !== undefined) return open
  const faults: string[] = []
  const tried = new Set<string>()
  const known = book
    .entriesOf(peer)
    .sort((a, b) => a.failures - b.failures || Number(isRelayed(a.address)) - Number(isRelayed(b.address)))
  const direct = await dialEach(
    input,
    known.map((entry) => entry.address),
    tried,
    faults,
  )
  if (direct !== null) return direct
  const stored = await node.peerStore.get(peerIdFromString(peer)).catch(() => null)
  const identified = stored?.addresses.map(({ multiaddr: address }) => withPeer(address.toString(), peer)) ?? []
  const second = await dialEach(input, identified, tried, faults)
  if (second !== null) return second
  // A board without any peer has nobody to ask, and would wait for the answer all the same.
  const found = node.getConnections().length === 0 ? [] : await findAddresses(node.services.dht, peer, signal)
  const third = await dialEach(input, found, tried, faults)
  if (third !== null) return third
  throw new UnreachableError(`cannot reach ${peer}: ${faults.length === 0 ? 'no address of it is known' : faults.join('; ')}`)
}

async function dialEach(input: ReachInput, addresses: readonly string[], tried: Set<string>, faults: string[]): Promise<Connection | null> {
  for (const address of addresses) {
    input.signal.throwIfAborted()
    if (tried.has(address)) continue
    tried.add(address)
    try {
      // Whoever waits wants an answer: the next address is tried soon.
      return await dialAddress(input.node, address, 0, input.signal)
    } catch (error) {
      faults.push(`${address}: ${wordsOf(error)}`)
    }
  }
  return null
}
