// A pool that comes into being: boards with the certificate of one token, nothing on their disks, and nobody who says a word. How long it
// takes until every board is a member everywhere. Their connections are given, as in `halves.ts`. The caller reads the clock.

import { signCertificate } from '../../crdt/admission/certificate.ts'
import type { Crypto } from '../../crdt/crypto.ts'
import { fleetPaths, tokenRegisters } from '../../crdt/documents/fleet.ts'
import type { PoolName, TokenId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { chaosCrypto } from '../chaos/crypto.ts'
import { cheapIdentity } from '../cheap-crypto.ts'
import { createOperator } from '../operator.ts'
import { type Board, type BoardSpec, World } from '../world.ts'
import { overlayOf } from './overlay-of.ts'

export interface OnboardOptions {
  readonly boards: number
  /** How many boards the token is for. */
  readonly count: number
  /** Connections that each board makes; as many are made to it. */
  readonly dials: number
  /** Between one board's first start and the next one's; ms. */
  readonly everyMs: number
  readonly crypto?: Crypto
}

export interface OnboardResult {
  readonly virtualMs: number
  /** From its start until the first board of all saw it as an alive member; ms of virtual time, one a board. */
  readonly joinedMs: readonly number[]
  /** Boards that every board sees as members with a seat of the token. */
  readonly members: number
  /** Boards that every board sees as beyond its count. */
  readonly surplus: number
}

/** No wait of the play takes longer; ms of virtual time. */
const patienceMs = 10 * 60_000
/** So often a wait looks whether it is over: looking reads what every board sees. */
const lookEveryMs = 100
const pool = 'shops' as PoolName

export function playOnboard(options: OnboardOptions): OnboardResult {
  const world = emptyPool(options)
  const boards = [...world.boards.values()]
  const [first] = boards
  const started = new Map<Board, number>()
  const joined = new Map<Board, number>()
  const look = (): void => {
    for (const board of started.keys()) if (!joined.has(board) && isAlive(first, board)) joined.set(board, world.queue.now)
  }
  const runLooking = (ms: number): void => {
    for (let left = ms; left > 0; left -= lookEveryMs) {
      world.run(Math.min(left, lookEveryMs))
      look()
    }
  }
  for (const board of boards) {
    world.boot(board)
    started.set(board, world.queue.now)
    runLooking(options.everyMs)
  }
  const began = world.queue.now
  const isOver = (): boolean => boards.every((board) => boards.every((other) => isAlive(board, other)))
  while (!isOver()) {
    if (world.queue.now - began >= patienceMs) throw new Error(`not within ${patienceMs} ms: all see all`)
    runLooking(lookEveryMs)
  }
  const everywhere = (standing: string): number =>
    boards.filter((board) => boards.every((other) => standingOf(other, board) === standing)).length
  const result = {
    virtualMs: world.queue.now,
    joinedMs: boards.map((board) => (joined.get(board) ?? Number.NaN) - (started.get(board) ?? 0)),
    members: everywhere('member'),
    surplus: everywhere('surplus'),
  }
  world.release()
  return result
}

function emptyPool({ boards, count, dials, crypto = chaosCrypto }: OnboardOptions): World {
  const [founder, token] = [cheapIdentity(0), cheapIdentity(boards + 1)]
  const terms = tokenRegisters({ id: token.node as string as TokenId, name: '', pool, mode: 'auto', count, untilMs: null })
  const operator = createOperator(
    crypto,
    founder.node,
    founder.signer,
    new Map<string, Scalar>([[fleetPaths.admission, 'certified'], ...terms]),
  )
  const { fleet } = operator
  const specs = Array.from({ length: boards }, (_, index): BoardSpec => {
    const { node, signer } = cheapIdentity(index + 1)
    const name = `b${index}`
    const made = signCertificate({ fleet, node, pool, name, labels: {} }, token.signer)
    if (!made.ok) throw new Error(made.message)
    return { name, id: node, signer, pool, certificate: made.value }
  })
  return new World({
    crypto,
    fleet,
    fleetEnvelopes: operator.fleetEnvelopes,
    boards: specs,
    overlay: overlayOf(boards, dials),
    sharesViews: true,
  })
}

function isAlive(seenBy: Board | undefined, board: Board): boolean {
  return seenBy?.core?.state?.view.nodes.get(board.spec.id)?.liveness === 'alive'
}

function standingOf(seenBy: Board, board: Board): string | undefined {
  const node = seenBy.core?.state?.view.nodes.get(board.spec.id)
  return node === undefined ? undefined : (node.admission ?? 'member')
}
