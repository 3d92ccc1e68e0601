// Finds a way to a board that somebody wants to talk to now: an open connection, else every address that is known of it, else
// the DHT without its cache.

import type { Connection } from '@libp2p/interface'
import type { TransportManager } from '@libp2p/interface-internal'
import { peerIdFromString } from '@libp2p/peer-id'
import type { NodeId } from '../../../crdt/ids.ts'
import { type AddressBook, isRelayed } from '../../core/dialling/address-book.ts'
import { withPeer } from './addresses.ts'
import { UnreachableError } from './api-error.ts'
import { findAddresses } from './dht.ts'
import { dialAddress, dialPast } from './dial.ts'
import { networkLimits } from './limits.ts'
import { type NetworkLog, wordsOf } from './log.ts'
import { isDirect } from './paths.ts'
import type { BoardNode } from './settings.ts'

export interface ReachInput {
  readonly node: BoardNode
  readonly transports: Pick<TransportManager, 'dial'>
  readonly book: AddressBook
  readonly peer: NodeId
  readonly signal: AbortSignal
  readonly log: NetworkLog
}

export async function reach(input: ReachInput): Promise<Connection> {
  const { node, book, peer, signal } = input
  const usable = node.getConnections(peerIdFromString(peer)).filter((one) => one.status === 'open' && one.limits === undefined)
  const open = usable.findLast(isDirect) ?? usable.at(-1)
  if (open !== undefined) return open
  const faults: string[] = []
  const tried = new Set<string>()
  const known = book.entriesOf(peer).sort((a, b) => a.failures - b.failures)
  const first = await dialBoth(
    input,
    known.map((entry) => entry.address),
    tried,
    faults,
  )
  if (first !== null) return first
  const stored = await node.peerStore.get(peerIdFromString(peer)).catch(() => null)
  const identified = stored?.addresses.map(({ multiaddr: address }) => withPeer(address.toString(), peer)) ?? []
  const second = await dialBoth(input, identified, tried, faults)
  if (second !== null) return second
  // A board without any peer has nobody to ask, and would wait for the answer all the same.
  const found = node.getConnections().length === 0 ? [] : await findAddresses(node.services.dht, peer, signal)
  const third = await dialBoth(input, found, tried, faults)
  if (third !== null) return third
  signal.throwIfAborted()
  throw new UnreachableError(`cannot reach ${peer}: ${faults.length === 0 ? 'no address of it is known' : faults.join('; ')}`)
}

/** Who is behind a relay mostly does not answer at its own addresses, and is not to be waited for there: what answers first is taken. */
async function dialBoth(input: ReachInput, addresses: readonly string[], tried: Set<string>, faults: string[]): Promise<Connection | null> {
  const fresh = addresses.filter((address) => !tried.has(address))
  for (const address of fresh) tried.add(address)
  const [direct, relayed] = [fresh.filter((address) => !isRelayed(address)), fresh.filter(isRelayed)]
  // Whoever waits wants an answer: the next address is tried soon.
  const overNobody = dialEach(input, direct, faults, async (address) => await dialAddress(input.node, address, 0, input.signal))
  if (relayed.length === 0) return await overNobody
  const overRelays = firstTo(overNobody, networkLimits.relayHeadStartMs).then(
    async (already) =>
      already ??
      (await dialEach(
        input,
        relayed,
        faults,
        async (address) => await dialPast(input.transports, address, networkLimits.relayHopMs, input.signal),
      )),
  )
  const oneOf = await Promise.race([overNobody, overRelays])
  return oneOf ?? (await overNobody) ?? (await overRelays)
}

/** null: there is no connection by then, or at all. */
async function firstTo(dial: Promise<Connection | null>, withinMs: number): Promise<Connection | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((done) => (timer = setTimeout(() => done(null), withinMs)))
  return await Promise.race([dial, late]).finally(() => clearTimeout(timer))
}

async function dialEach(
  { signal }: ReachInput,
  addresses: readonly string[],
  faults: string[],
  dial: (address: string) => Promise<Connection>,
): Promise<Connection | null> {
  for (const address of addresses) {
    if (signal.aborted) return null
    try {
      return await dial(address)
    } catch (error) {
      faults.push(`${address}: ${wordsOf(error)}`)
    }
  }
  return null
}
