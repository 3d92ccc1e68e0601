// What a board looks at for an examination besides its agent's state, all of it within one time limit: a part that is not there by then is
// told as not known, since an asker that waits in vain takes the whole board for one that does not answer.

import net from 'node:net'

import type { NameSeen, Reached, Surroundings, WayKnown, WaySeen } from '../crdt/api-doctor.ts'
import { lookUpName, readHalfOpen, readMemory, readRoom, tryTcp, within } from './adapters/surroundings.ts'
import { doctorLimits as limits } from './core/doctor/limits.ts'
import { nameIn } from './core/doctor/rules/ways-in.ts'
import type { Effect } from './core/effect.ts'
import type { Network } from './core/ports.ts'

export interface LookAroundInput {
  readonly network: Pick<Network, 'seen'>
  readonly dataDir: string
  readonly lookUp?: typeof lookUpName
}

type Examine = Effect & { kind: 'examine' }

interface Look {
  /** Never rejects; what is asked for after the end is answered by `otherwise`. */
  readonly inTime: <T>(part: Promise<T>, otherwise: T) => Promise<T>
  readonly leftMs: () => number
}

export async function lookAround({ network, dataDir, lookUp = lookUpName }: LookAroundInput, effect: Examine): Promise<Surroundings> {
  const look = lookWithin(limits.lookMsMax)
  const { ways: seen, connections } = network.seen()
  const known = seen.filter(({ address }) => address.length <= limits.textMax)
  const listed = known.filter(({ isBootstrap }) => isBootstrap)
  const asked = [...new Set(listed.flatMap(({ address }) => nameIn(address) ?? []))].slice(0, limits.namesMax)
  const names = new Map(
    asked.map((name) => [name, look.inTime<NameSeen | null>(lookUp(name, { withinMs: limits.nameMsMax }), null)] as const),
  )
  const [disk, memory, found, ways] = await Promise.all([
    look.inTime(readRoom(dataDir), null),
    look.inTime(readMemory(), null),
    Promise.all(names.values()),
    waysTried(look, names, known, effect.tries),
  ])
  // After the tries: the other boards' own come in at the same time.
  const halfOpen = await look.inTime(readHalfOpen({ ports: portsOf(effect.examination.addresses), hosts: new Set(effect.hosts) }), [])
  return {
    disk,
    memory,
    names: found.filter((name) => name !== null),
    ways: ways.slice(0, limits.rowsMax),
    connections: connections.slice(0, limits.rowsMax),
    halfOpen,
  }
}

function lookWithin(ms: number): Look {
  const until = performance.now() + ms
  const leftMs = (): number => Math.max(0, until - performance.now())
  return { leftMs, inTime: async (part, otherwise) => await within(part, leftMs(), otherwise) }
}

function portsOf(addresses: readonly string[]): Set<number> {
  return new Set(addresses.flatMap((address) => Number(/\/tcp\/(\d+)/.exec(address)?.[1] ?? Number.NaN)).filter((port) => port > 0))
}

const bare = (address: string): string => address.replace(/\/p2p\/[^/]+$/, '')

/** Those that the core wants to be tried come first: they are of boards that are silent. */
async function waysTried(
  look: Look,
  names: ReadonlyMap<string, Promise<NameSeen | null>>,
  known: readonly WayKnown[],
  tries: Examine['tries'],
): Promise<WaySeen[]> {
  const wanted = new Map<string, string | null>()
  const all = [...tries, ...known.filter(({ isBootstrap }) => isBootstrap)]
  for (const { address, node } of all) if (!wanted.has(bare(address))) wanted.set(bare(address), node)
  const tried = new Map([...wanted].slice(0, limits.triesMax + limits.namesMax))
  const firstOf = new Map(known.map((way) => [bare(way.address), way] as const).reverse())
  const ways = [...tried].map(async ([address, node]): Promise<WaySeen> => {
    const way = firstOf.get(address)
    // Each for itself: an address that cannot be tried hides no other.
    const reached = await look.inTime(reach(look, address, names), null)
    return { isBootstrap: false, fault: null, ...way, address, node: way?.node ?? node, reached }
  })
  const rest = known.filter(({ address }) => !tried.has(bare(address))).map((way): WaySeen => ({ ...way, reached: null }))
  return [...(await Promise.all(ways)), ...rest]
}

/**
 * null: the address is none of TCP, or leads over a relay, or is no address: members write theirs themselves, so that a name in place of a
 * number is not looked up either.
 */
async function reach(look: Look, address: string, names: ReadonlyMap<string, Promise<NameSeen | null>>): Promise<Reached | null> {
  const [, host, digits] = /^\/(?:ip4|ip6|dns4?|dns6)\/([^/]+)\/tcp\/(\d+)(?!.*p2p-circuit)/.exec(address) ?? []
  const port = Number(digits)
  if (host === undefined || port < 1 || port > 65_535) return null
  const name = nameIn(address)
  if (name === null) return await tryHost(look, host, port)
  const seen = await names.get(name)
  if (seen === undefined || seen === null) return null
  if (seen.addresses.length === 0) return 'unnamed'
  const reached = await Promise.all(seen.addresses.slice(0, limits.triesPerNameMax).map(async (found) => await tryHost(look, found, port)))
  return reached.includes('yes') ? 'yes' : (reached.find((one) => one !== null) ?? null)
}

async function tryHost(look: Look, host: string, port: number): Promise<Reached | null> {
  if (net.isIP(host) === 0) return null
  const leftMs = look.leftMs()
  const reached = await tryTcp(host, port, Math.min(leftMs, limits.tryMsMax))
  // Silent for less than the whole time proves nothing.
  return reached === 'silent' && leftMs < limits.tryMsMax ? null : reached
}
