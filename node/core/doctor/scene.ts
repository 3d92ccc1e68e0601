// All examinations of one diagnosis together, and the questions that several rules put to them. The first is that of the board that was
// asked: who is silent is what it sees; what others say of themselves and of their links counts as said by them.

import type { BoardSeen, Examination, FallSeen, Finding, Unanswered, WaySeen } from '../../../crdt/api-doctor.ts'
import { compareText } from '../../../crdt/ids.ts'
import { unheardMin } from '../liveness/falls.ts'
import { doctorLimits as limits } from './limits.ts'

export interface Answered {
  readonly examination: Examination
  /** What its clock was ahead of that of the board that was asked, give or take half of `tookMs`. */
  readonly clockMs: number
  readonly tookMs: number
}

export interface Scene {
  readonly self: Examination
  /** The board that was asked first. */
  readonly all: readonly Examination[]
  readonly answered: readonly Answered[]
  readonly unanswered: readonly Unanswered[]
  /** By id, those that belong here: neither evicted nor left. */
  readonly boards: ReadonlyMap<string, BoardSeen>
  /** Of them those that are silent to the board that was asked, in order of their ids. */
  readonly silent: readonly BoardSeen[]
  /** Looked up over and over by the rules: in a pool of 1,000, a walk through lists each time would hold the agent up for seconds. */
  readonly index: Index
}

interface Index {
  readonly names: ReadonlyMap<string, string>
  /** By pair, in both orders. */
  readonly connected: ReadonlySet<string>
  /** Those that are not over, by who says so and with whom. */
  readonly falls: ReadonlyMap<string, FallSeen>
  readonly ways: ReadonlyMap<string, readonly WayOf[]>
  /** By number: the boards that say they are there. */
  readonly hosts: ReadonlyMap<string, ReadonlySet<string>>
  /** By who says so. */
  readonly halfOpen: ReadonlyMap<string, ReadonlySet<string>>
}

interface WayOf {
  readonly by: Examination
  readonly way: WaySeen
}

const pairOf = (a: string, b: string): string => `${a} ${b}`

export type Rule = (scene: Scene) => readonly Finding[]

export function sceneOf(self: Examination, answered: readonly Answered[], unanswered: readonly Unanswered[]): Scene {
  const boards = new Map(
    self.boards.filter((row) => !row.evicted && row.waits === null && row.liveness !== 'left').map((row) => [row.node, row]),
  )
  const fell = fallenFor(answered)
  const silent = [...boards.values()]
    .filter((row) => row.node !== self.node && isSilent(row, self))
    .map((row) => (row.liveness === 'unheard' && fell.has(row.node) ? { ...row, ...fell.get(row.node) } : row))
  const all = [self, ...answered.map(({ examination }) => examination)]
  return {
    self,
    all,
    index: indexOf(self, all, boards),
    answered,
    unanswered,
    boards,
    silent: silent.sort((a, b) => compareText(a.node, b.node)),
  }
}

function indexOf(self: Examination, all: readonly Examination[], boards: Scene['boards']): Index {
  // The first counts, as in a list: what was asked for before what others say.
  const backwards = all.toReversed()
  const names = [...backwards.map((one) => [one.node, one.name] as const), ...self.boards.map((row) => [row.node, row.name] as const)]
  const falls = backwards.flatMap((one) =>
    one.falls.filter(({ isOver }) => !isOver).map((fall) => [pairOf(one.node, fall.node), fall] as const),
  )
  return {
    names: new Map(names),
    connected: new Set(all.flatMap((one) => one.links.flatMap(({ node }) => [pairOf(one.node, node), pairOf(node, one.node)]))),
    falls: new Map(falls),
    ways: waysIndex(all),
    hosts: hostsIndex(boards),
    halfOpen: new Map(backwards.map((one) => [one.node, new Set(one.surroundings?.halfOpen)])),
  }
}

function waysIndex(all: readonly Examination[]): Index['ways'] {
  const ways = new Map<string, WayOf[]>()
  for (const by of all)
    for (const way of by.surroundings?.ways ?? []) {
      if (way.node === null) continue
      const of = ways.get(way.node) ?? []
      of.push({ by, way })
      ways.set(way.node, of)
    }
  return ways
}

function hostsIndex(boards: Scene['boards']): Index['hosts'] {
  const hosts = new Map<string, Set<string>>()
  for (const { node, addresses } of boards.values())
    for (const address of addresses) {
      const host = hostIn(address)
      if (host !== undefined) hosts.set(host, (hosts.get(host) ?? new Set()).add(node))
    }
  return hosts
}

/** An agent that began after a board fell does not know when that was; one that has heard the board does. The least that one of them says. */
function fallenFor(answered: readonly Answered[]): ReadonlyMap<string, Pick<BoardSeen, 'liveness' | 'silentMs'>> {
  const fell = new Map<string, Pick<BoardSeen, 'liveness' | 'silentMs'>>()
  for (const { examination } of answered)
    for (const { node, liveness, silentMs } of examination.boards) {
      if (liveness !== 'disconnected' || (fell.get(node)?.silentMs ?? Number.POSITIVE_INFINITY) <= silentMs) continue
      fell.set(node, { liveness, silentMs })
    }
  return fell
}

/** A board that has just begun has heard nobody yet. */
function isSilent({ liveness, silentMs }: BoardSeen, self: Examination): boolean {
  if (liveness === 'disconnected') return true
  return liveness === 'unheard' && silentMs >= limits.unheardMsMin && self.upMs >= limits.unheardMsMin
}

export function nameOf({ index }: Scene, node: string): string {
  return index.names.get(node) ?? node.slice(0, 16)
}

export function namesOf(scene: Scene, nodes: Iterable<string>): string[] {
  return [...nodes].map((node) => nameOf(scene, node)).sort(compareText)
}

export function isConnected({ index }: Scene, a: string, b: string): boolean {
  return index.connected.has(pairOf(a, b))
}

/** The connection between the two ended, and there is none yet. */
export function fallOf({ index }: Scene, from: string, to: string): FallSeen | undefined {
  return index.falls.get(pairOf(from, to))
}

/** What `from` sends did not come to `to` although what `to` sent came. */
export function isOneWay(scene: Scene, from: string, to: string): boolean {
  return (fallOf(scene, from, to)?.unheard ?? 0) >= unheardMin || comesHalfOpen(scene, from, to)
}

/** `to` begins connections to `from`, whose answers do not come back: after a fall TCP itself shows which way is broken. */
export function comesHalfOpen(scene: Scene, from: string, to: string): boolean {
  const { halfOpen, hosts } = scene.index
  const seen = halfOpen.get(from)
  if (seen === undefined || seen.size === 0 || isConnected(scene, from, to)) return false
  const own = (scene.boards.get(to)?.addresses ?? []).flatMap((address) => hostIn(address) ?? [])
  // Where boards share a host, it says nothing of one of them.
  return own.some((host) => seen.has(host)) && own.every((host) => hosts.get(host)?.size === 1)
}

/** Those of whom anything of that kind is known: only boards that were examined, and most of these have lost nobody. */
export function mayBeOneWay({ all }: Scene, froms: readonly string[]): readonly string[] {
  const wanted = new Set(froms)
  return all
    .filter(({ node, falls, surroundings }) => wanted.has(node) && (falls.length > 0 || (surroundings?.halfOpen.length ?? 0) > 0))
    .map(({ node }) => node)
}

/** The number in an address that begins with one. */
export function hostIn(address: string): string | undefined {
  return /^\/ip[46]\/([^/]+)/.exec(address)?.[1]
}

/** Ways that some board knows to another, with who knows it. */
export function waysTo({ index }: Scene, node: string): readonly WayOf[] {
  return index.ways.get(node) ?? []
}

/** Several lines, or the first of them and how many are left out. */
export function bounded(lines: readonly string[]): string[] {
  const { evidenceMax } = limits
  return lines.length <= evidenceMax ? [...lines] : [...lines.slice(0, evidenceMax - 1), `and ${lines.length - evidenceMax + 1} more`]
}

/** `90s`, `5m`, `3h`, `4d`: as the command line writes ages. */
export function age(ms: number): string {
  const seconds = Math.round(ms / 1_000)
  if (seconds < 120) return `${seconds}s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)}m`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)}h` : `${Math.round(seconds / 86_400)}d`
}

export function longest(ages: readonly (number | null)[]): number | null {
  const known = ages.filter((one) => one !== null)
  return known.length === 0 ? null : Math.max(...known)
}
