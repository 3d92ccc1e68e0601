// How boards find the fleet: names that lead nowhere or astray, bootstrap addresses that nobody answers at, handshakes that fail.

import type { Examination, Finding, NameSeen, WaySeen } from '../../../../crdt/api-doctor.ts'
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
    if (seen.addresses.some((address) => isKnownAddress(scene, address))) return []
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
  const listed = scene.all.flatMap((one) =>
    (one.surroundings?.ways ?? []).filter(({ isBootstrap }) => isBootstrap).map((way) => ({ one, way })),
  )
  const addresses = [...new Set(listed.map(({ way }) => way.address))]
  const dead = addresses.filter((address) => {
    const rows = listed.filter(({ way }) => way.address === address)
    return rows.every(({ one, way }) => isBroken(way) && !isToldOtherwise(scene, one, way))
  })
  if (dead.length === 0) return []
  const isAll = dead.length === addresses.length
  const rows = listed.filter(({ way }) => dead.includes(way.address))
  return [
    {
      id: isAll ? 'bootstrap-all-gone' : 'bootstrap-gone',
      severity: 'warning',
      from: [...new Set(rows.map(({ one }) => one.name))],
      to: [],
      direction: 'here',
      sinceMs: longest(rows.map(({ way }) => way.fault?.sinceMs ?? null)),
      evidence: bounded(rows.map(({ one, way }) => `on ${one.name}: ${wayWords(way)}${ownerWords(scene, way)}`)),
      stillWorks: isAll
        ? 'boards that know each other go on and find each other again; a new board, or one with an empty disk, does not get in'
        : 'the other entries of the list',
      whatToDo: 'bring the list up to date: shoal fleet bootstrap show, add, remove; then shoal fleet join-file FILE for new boards',
    },
  ]
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

/** The name in an address, if it is one that has to be looked up. */
export function nameIn(address: string): string | null {
  return /^\/dns(?:4|6|addr)?\/([^/]+)/.exec(address)?.[1] ?? null
}

/** Nobody takes a connection there now, or it has failed for so long that no start is the reason. */
function isBroken({ reached, fault }: WaySeen): boolean {
  const failsLong =
    fault !== null && fault.times >= limits.faultTimesMin && fault.sinceMs >= limits.faultMsMin && fault.agoMs <= limits.faultAgeMsMax
  return reached === null ? failsLong : reached !== 'yes' || (failsLong && fault.kind === 'handshake')
}

/** By a rule about the name, or about the board that is silent. */
function isToldOtherwise(scene: Scene, one: Examination, { address, node }: WaySeen): boolean {
  const name = nameIn(address)
  const seen = (one.surroundings?.names ?? []).find((row) => row.name === name)
  if (name !== null && seen?.outcome !== 'answers') return true
  if (seen !== undefined && !seen.addresses.some((resolved) => isKnownAddress(scene, resolved))) return true
  return scene.silent.some(
    (row) => row.node === node || row.addresses.some((known) => hostOf(known) === hostOf(seen?.addresses[0] ?? address)),
  )
}

function isKnownAddress(scene: Scene, address: string): boolean {
  const host = hostOf(address)
  return [...scene.boards.values()].some((row) => row.addresses.some((known) => hostOf(known) === host))
}

/** `/ip4/192.0.2.1/tcp/7420` and `192.0.2.1` are one host. */
function hostOf(address: string): string {
  return /^\/(?:ip4|ip6|dns4?|dns6)\/([^/]+)/.exec(address)?.[1] ?? address
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
