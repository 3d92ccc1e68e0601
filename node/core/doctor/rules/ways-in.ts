// How boards find the fleet: names that lead nowhere or astray, bootstrap addresses that nobody answers at, handshakes that fail.

import type { BoardSeen, Examination, Finding, NameSeen, WaySeen } from '../../../../crdt/api-doctor.ts'
import { doctorLimits as limits } from '../limits.ts'
import { type Rule, type Scene, age, bounded, longest, nameOf } from '../scene.ts'

const otherWays =
  'addresses by number, those of the boards’ documents and those that worked before are tried as well, so a board that knows any goes on'

/** One finding for each way in which names fail, whoever says so. */
export const names: Rule = (scene) => {
  const kinds = [
    { id: 'dns-nothing', of: 'nothing', words: 'is not found' },
    { id: 'dns-hangs', of: 'hangs', words: 'gets no answer' },
  ] as const
  return kinds.flatMap(({ id, of, words }) => {
    const bad = namesSeen(scene).filter(({ seen }) => seen.outcome === of)
    if (bad.length === 0) return []
    const ways = bad.flatMap(({ one, seen }) => waysOfName(one, seen).map(({ fault }) => fault?.sinceMs ?? null))
    return [
      {
        id,
        severity: 'warning',
        from: [...new Set(bad.map(({ one }) => one.name))],
        to: [],
        direction: 'here',
        sinceMs: longest(ways),
        evidence: bounded(bad.map(({ one, seen }) => `on ${one.name}, the name ${seen.name} ${words} (${seen.tookMs} ms)`)),
        stillWorks: otherWays,
        whatToDo:
          'look at the resolver of these boards (/etc/resolv.conf); have an address by number in the bootstrap list: shoal fleet bootstrap add',
      } satisfies Finding,
    ]
  })
}

/** It answers, and what it says is nobody of this fleet. */
export const namesAstray: Rule = (scene) =>
  namesSeen(scene).flatMap(({ one, seen }): Finding[] => {
    const ways = waysOfName(one, seen)
    if (seen.outcome !== 'answers' || ways.length === 0 || ways.some((way) => !isBroken(way))) return []
    // A board that is silent at its own address is told of as such.
    if (ways.some((way) => [...scene.boards.values()].some((row) => isAt(row, placesOf(way, seen))))) return []
    return [
      {
        id: 'dns-wrong',
        severity: 'warning',
        from: [one.name],
        to: [],
        direction: 'here',
        sinceMs: longest(ways.map(({ fault }) => fault?.sinceMs ?? null)),
        evidence: [
          `the name ${seen.name} leads to ${seen.addresses.join(', ')}, which is no board that is known here`,
          ...ways.map(wayWords),
        ],
        stillWorks: otherWays,
        whatToDo: `correct the name, or take it out of the bootstrap list: shoal fleet bootstrap show`,
      },
    ]
  })

export const bootstrapList: Rule = (scene) => {
  const rows = scene.all.flatMap((one) => listOf(one).map((way) => ({ one, way })))
  const isDead = ({ address }: WaySeen): boolean =>
    rows.filter(({ way }) => way.address === address).every(({ one, way }) => isBroken(way) && !isToldOtherwise(scene, one, way))
  const dead = rows.filter(({ way }) => isDead(way))
  // Whose whole list is dead gets in by nothing of it.
  const lost = scene.all.filter((one) => listOf(one).length > 0 && listOf(one).every(isDead)).map(({ name }) => name)
  const kinds = [
    { id: 'bootstrap-all-gone', rows: dead.filter(({ one }) => lost.includes(one.name)) },
    { id: 'bootstrap-gone', rows: dead.filter(({ one }) => !lost.includes(one.name)) },
  ]
  return kinds.flatMap((kind) => (kind.rows.length === 0 ? [] : [listOutOfDate(scene, kind.id, kind.rows)]))
}

/** Without its own entry, which leads to nobody else. */
function listOf({ node, surroundings }: Examination): WaySeen[] {
  return (surroundings?.ways ?? []).filter((way) => way.isBootstrap && way.node !== node)
}

function listOutOfDate(scene: Scene, id: string, rows: readonly { readonly one: Examination; readonly way: WaySeen }[]): Finding {
  return {
    id,
    severity: 'warning',
    from: [...new Set(rows.map(({ one }) => one.name))],
    to: [],
    direction: 'here',
    sinceMs: longest(rows.map(({ way }) => way.fault?.sinceMs ?? null)),
    evidence: bounded(rows.map(({ one, way }) => `on ${one.name}: ${wayWords(way)}${ownerWords(scene, way)}`)),
    stillWorks:
      id === 'bootstrap-all-gone'
        ? 'boards that know each other go on and find each other again; a new board, or one with an empty disk, does not get in by this list'
        : 'the other entries of the list',
    whatToDo: 'bring the list up to date: shoal fleet bootstrap show, add, remove; then shoal fleet join-file FILE for new boards',
  }
}

export const handshakes: Rule = (scene) =>
  scene.all.flatMap((one): Finding[] => {
    const ways = (one.surroundings?.ways ?? []).filter(
      ({ fault }) =>
        fault !== null && fault.kind === 'handshake' && fault.times >= limits.faultTimesMin && fault.agoMs <= limits.faultAgeMsMax,
    )
    if (ways.length === 0) return []
    return [
      {
        id: 'handshake-refused',
        severity: 'warning',
        from: [one.name],
        to: [...new Set(ways.flatMap(({ node }) => (node === null ? [] : [nameOf(scene, node)])))],
        direction: 'both',
        sinceMs: longest(ways.map(({ fault }) => fault!.sinceMs)),
        evidence: bounded(ways.map(wayWords)),
        stillWorks: 'all connections that stand',
        whatToDo:
          'something listens there that is not of this fleet, or has a pre-shared key that is closed (shoal fleet psk status, fleet join-file), or answers for everybody (a captive portal)',
      },
    ]
  })

function namesSeen({ all }: Scene): { readonly one: Examination; readonly seen: NameSeen }[] {
  return all.flatMap((one) => (one.surroundings?.names ?? []).map((seen) => ({ one, seen })))
}

function waysOfName(one: Examination, { name }: NameSeen): WaySeen[] {
  return (one.surroundings?.ways ?? []).filter(({ address }) => nameIn(address) === name)
}

/** The name in an address, if it is one that leads to numbers: that of a `dnsaddr` has other records, and often none of these. */
export function nameIn(address: string): string | null {
  return /^\/dns(?:4|6)?\/([^/]+)/.exec(address)?.[1] ?? null
}

/** It has failed for so long that no start is the reason, and nobody takes a connection there now, or not as a board does. */
function isBroken({ reached, fault }: WaySeen): boolean {
  if (fault === null || fault.times < limits.faultTimesMin || fault.sinceMs < limits.faultMsMin) return false
  if (reached === null) return fault.agoMs <= limits.faultAgeMsMax
  return reached !== 'yes' || fault.kind === 'handshake'
}

/** By a rule about the name, or about the board that is there. */
function isToldOtherwise(scene: Scene, one: Examination, way: WaySeen): boolean {
  const name = nameIn(way.address)
  const seen = (one.surroundings?.names ?? []).find((row) => row.name === name)
  if (name !== null && seen?.outcome !== 'answers') return true
  const places = placesOf(way, seen)
  const owners = [...scene.boards.values()].filter((row) => row.node === way.node || isAt(row, places))
  if (name !== null && !owners.some((row) => isAt(row, places))) return true
  if (scene.silent.some((row) => owners.includes(row))) return true
  // It is there, and where it says that it is: that nobody can dial it is told as such.
  return owners.some((row) => row.liveness === 'alive' && isAt(row, places))
}

/** Where the address leads, without a name and without whose it is. */
function placesOf({ address }: WaySeen, seen: NameSeen | undefined): string[] {
  const bare = address.replace(/\/p2p\/.*$/, '')
  if (seen === undefined) return [bare]
  const rest = bare.replace(/^\/dns[46]?(?:addr)?\/[^/]+/, '')
  return seen.addresses.map((found) => (found.startsWith('/') ? found : `/${found.includes(':') ? 'ip6' : 'ip4'}/${found}${rest}`))
}

function isAt({ addresses }: BoardSeen, places: readonly string[]): boolean {
  return addresses.some((known) => places.includes(known.replace(/\/p2p\/.*$/, '')))
}

function wayWords({ address, reached, fault }: WaySeen): string {
  const now =
    reached === null
      ? ''
      : {
          yes: ' takes connections',
          refused: ' refuses connections',
          silent: ' gives no answer',
          unreachable: ' has no route',
          unnamed: ' has a name that is not found',
        }[reached]
  const since = fault === null ? '' : `; ${fault.times} dials failed since ${age(fault.sinceMs)} ago: ${fault.words}`
  return `${address}${now}${since}`
}

function ownerWords(scene: Scene, { node, address }: WaySeen): string {
  const owner = node === null ? undefined : scene.boards.get(node)
  if (owner === undefined || owner.addresses.includes(address)) return ''
  return `; ${owner.name} is at ${owner.addresses.join(', ') || 'no address'} now`
}
