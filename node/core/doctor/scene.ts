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
}

export type Rule = (scene: Scene) => readonly Finding[]

export function sceneOf(self: Examination, answered: readonly Answered[], unanswered: readonly Unanswered[]): Scene {
  const boards = new Map(
    self.boards.filter((row) => !row.evicted && row.waits === null && row.liveness !== 'left').map((row) => [row.node, row]),
  )
  const fell = fallenFor(answered)
  const silent = [...boards.values()]
    .filter((row) => row.node !== self.node && isSilent(row, self))
    .map((row) => (row.liveness === 'unheard' && fell.has(row.node) ? { ...row, ...fell.get(row.node) } : row))
  return {
    self,
    all: [self, ...answered.map(({ examination }) => examination)],
    answered,
    unanswered,
    boards,
    silent: silent.sort((a, b) => compareText(a.node, b.node)),
  }
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

export function nameOf({ self, all }: Scene, node: string): string {
  const row = self.boards.find((board) => board.node === node)
  return row?.name ?? all.find((one) => one.node === node)?.name ?? node.slice(0, 16)
}

export function namesOf(scene: Scene, nodes: Iterable<string>): string[] {
  return [...nodes].map((node) => nameOf(scene, node)).sort(compareText)
}

export function isConnected({ all }: Scene, a: string, b: string): boolean {
  return all.some(
    ({ node, links }) => (node === a && links.some((link) => link.node === b)) || (node === b && links.some((link) => link.node === a)),
  )
}

/** The connection between the two ended, and there is none yet. */
export function fallOf({ all }: Scene, from: string, to: string): FallSeen | undefined {
  return all.find(({ node }) => node === from)?.falls.find((fall) => fall.node === to && !fall.isOver)
}

/** What `from` sends did not come to `to` although what `to` sent came. */
export function isOneWay(scene: Scene, from: string, to: string): boolean {
  return (fallOf(scene, from, to)?.unheard ?? 0) >= unheardMin || comesHalfOpen(scene, from, to)
}

/** `to` begins connections to `from`, whose answers do not come back: after a fall TCP itself shows which way is broken. */
export function comesHalfOpen(scene: Scene, from: string, to: string): boolean {
  const halfOpen = scene.all.find(({ node }) => node === from)?.surroundings?.halfOpen ?? []
  if (halfOpen.length === 0 || isConnected(scene, from, to)) return false
  const hosts = (scene.boards.get(to)?.addresses ?? []).map((address) => /^\/ip[46]\/([^/]+)/.exec(address)?.[1])
  // Where boards share a host, it says nothing of one of them.
  const isShared = [...scene.boards.values()].some(
    (row) => row.node !== to && row.addresses.some((other) => hosts.includes(/^\/ip[46]\/([^/]+)/.exec(other)?.[1])),
  )
  return !isShared && hosts.some((host) => host !== undefined && halfOpen.includes(host))
}

/** The number in an address that begins with one. */
export function hostIn(address: string): string | undefined {
  return /^\/ip[46]\/([^/]+)/.exec(address)?.[1]
}

/** Ways that some board knows to another, with who knows it. */
export function waysTo(scene: Scene, node: string): { readonly by: Examination; readonly way: WaySeen }[] {
  return scene.all.flatMap((by) => (by.surroundings?.ways ?? []).filter((way) => way.node === node).map((way) => ({ by, way })))
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
