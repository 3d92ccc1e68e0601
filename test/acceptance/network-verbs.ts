// What the network's suite asks of a world, what only one of the two can do, and small verbs that its tests are told in.

import type { NodeId } from '../../crdt/ids.ts'
import type { Topic } from '../../node/core/ports.ts'

export interface Heard {
  readonly from: NodeId
  readonly bytes: Uint8Array
  readonly via: 'stream' | 'gossip'
}

/** A board of the world: the port's calls, and what its handlers were told so far. */
export interface Board {
  readonly id: NodeId
  readonly ups: readonly NodeId[]
  readonly downs: readonly NodeId[]
  readonly heard: readonly Heard[]
  readonly addresses: readonly string[]
  send(peer: NodeId, frame: Uint8Array): Promise<boolean>
  broadcast(topic: Topic, frame: Uint8Array): void
  disconnect(peer: NodeId, reason: string): void
  remember(peer: NodeId, addresses: readonly string[], wanted: boolean): void
  injectCut(peers: readonly NodeId[] | null): void
  request(peer: NodeId, request: Uint8Array, signal: AbortSignal): AsyncIterable<Uint8Array>
  /** Requests that came in, answered by the world: `count N` gives N frames, `wait` answers nothing until the caller goes. */
  readonly callers: readonly { readonly caller: string | null; readonly gone: boolean }[]
  stop(): Promise<void>
}

export interface BoardOptions {
  readonly pool?: string
  readonly bootstrap?: readonly string[]
  /** A port of its own if nothing is said. */
  readonly listen?: readonly string[]
  /** Another fleet's pre-shared key. */
  readonly foreign?: boolean
  /** The same key as this board's. */
  readonly as?: Board
  /** Told to others instead of where it listens. */
  readonly announce?: readonly string[]
  readonly mayConnect?: (peer: string) => boolean
  readonly isHeard?: (peer: string) => boolean
  readonly relay?: 'auto' | 'off'
  /** All dials go through an HTTP proxy on this machine. */
  readonly proxy?: { readonly port: number; readonly login: string | null }
  /** Runs where it can be killed without notice. */
  readonly killable?: boolean
}

/** What a world may be without, and what holds it to the same there. */
export const lacks = {
  requests: 'Requests are no bytes on a simulated line: the world hands them from core to core (test/scenario/core/questions.test.ts).',
  strangers:
    'No simulated board is without the pre-shared key: who belongs to the fleet is the core’s finding (test/scenario/core/hostile.test.ts).',
  'one-way cuts':
    'The injected cut of the real adapter holds both ways: one-way cuts of real links are in test/e2e/netns-five-boards.test.ts.',
} as const
export type Lack = keyof typeof lacks

export interface World {
  board(options?: BoardOptions): Promise<Board>
  /** Ends a killable board at once, and starts it again with the same key on another address within a second. */
  killAndRestart(board: Board, options: BoardOptions): Promise<Board>
  /** Resolves when the predicate holds; fails the test when it still does not after a time that no healthy world needs. */
  until(what: string, predicate: () => boolean): Promise<void>
  /** Nothing passes from one to the other, and nobody is told, until the way is opened. Absent: see `lacks`. */
  cutWay?(from: Board, to: Board): () => void
  close(): Promise<void>
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

export function isUp(board: Board, peer: Board): boolean {
  return board.ups.filter((id) => id === peer.id).length > board.downs.filter((id) => id === peer.id).length
}

export function heardTexts(board: Board, via: 'stream' | 'gossip', from?: Board): string[] {
  return board.heard.filter((one) => one.via === via && (from === undefined || one.from === from.id)).map((one) => textOf(one.bytes))
}

/** Two boards that are connected. */
export async function pair(world: World): Promise<[Board, Board]> {
  const a = await world.board()
  const b = await world.board({ bootstrap: a.addresses })
  await world.until('both are up', () => isUp(a, b) && isUp(b, a))
  return [a, b]
}

/** Repeats a broadcast, each time with another text, until the others heard one of them: gossip promises nothing about one message. */
export async function gossips(world: World, from: Board, to: readonly Board[], label: string): Promise<void> {
  let round = 0
  let said = 0
  await world.until(`${label}: gossip arrives`, () => {
    if (to.every((board) => heardTexts(board, 'gossip').some((text) => text.startsWith(`${label} `)))) return true
    if (round++ % 5 === 0) from.broadcast('pool', bytesOf(`${label} ${said++}`))
    return false
  })
}
