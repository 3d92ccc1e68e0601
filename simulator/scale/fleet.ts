// A fleet of many small pools, as one of its boards sees it. Between pools only summaries travel, so what grows with the fleet is what a
// board hears and keeps of the other pools. A few pools are played with all their boards; of the others there is what they say to the
// fleet: the summary of each of their two speakers.

import type { Crypto } from '../../crdt/crypto.ts'
import { type NodeId, type PoolName, jobDocId, jobId } from '../../crdt/ids.ts'
import { coreLimits } from '../../node/core/limits.ts'
import { encodeFrame } from '../../node/core/wire.ts'
import { chaosCrypto } from '../chaos/crypto.ts'
import { cheapIdentity } from '../cheap-crypto.ts'
import { jobSpec } from '../job-spec.ts'
import { createOperator, submission } from '../operator.ts'
import { type Board, World } from '../world.ts'

export interface FleetOptions {
  readonly nodes: number
  readonly poolNodes: number
  /** Pools whose boards are played. */
  readonly playedPools: number
  /** Within so long every pool has come up and said so; ms of virtual time. */
  readonly withinMs: number
  readonly crypto?: Crypto
  /** At the end, before the world is given up. */
  readonly told?: (boards: readonly Board[]) => void
}

export interface FleetResult {
  /** Events that the played boards took. */
  readonly steps: number
  readonly virtualMs: number
  readonly playedNodes: number
  readonly pools: number
}

/** Throws when a played board does not hear of every pool, or a played pool does not run its job. */
export function playFleet({ nodes, poolNodes, playedPools, withinMs, crypto = chaosCrypto, told = () => {} }: FleetOptions): FleetResult {
  const pools = Math.trunc(nodes / poolNodes)
  const founder = cheapIdentity(0)
  const operator = createOperator(crypto, founder.node, founder.signer)
  const specs = Array.from({ length: playedPools * poolNodes }, (_, at) => {
    const { node, signer } = cheapIdentity(at + 1)
    return { name: `b${at}`, id: node, signer, pool: poolName(Math.trunc(at / poolNodes)) }
  })
  const world = new World({ crypto, fleet: operator.fleet, fleetEnvelopes: operator.fleetEnvelopes, boards: specs })
  const boards = [...world.boards.values()]
  let steps = 0
  world.watch = (_board, _event, step) => {
    steps++
    return step()
  }
  world.bootAll()
  const unplayed = pools - playedPools
  for (let nth = 0; nth < unplayed * coreLimits.summarySpeakers; nth++) {
    const says = boards[(nth * 7) % boards.length]!
    const node = cheapIdentity(specs.length + 1 + nth).node
    world.queue.at(Math.trunc(((nth + 1) * withinMs) / (unplayed * coreLimits.summarySpeakers + 1)), () =>
      world.links.broadcast(says, 'fleet', summaryOf(node, poolName(playedPools + (nth % unplayed)), poolNodes, world.queue.now)),
    )
  }
  for (let pool = 0; pool < playedPools; pool++) {
    const name = `job-${pool}`
    const spec = jobSpec({ name, pool: poolName(pool), count: poolNodes })
    operator.put(world, boards[pool * poolNodes]!, jobDocId(jobId('default', name)), poolName(pool), submission(spec))
  }
  world.run(withinMs)
  world.until('every played board has heard of every pool', () => boards.every((board) => poolsOf(board) === pools), withinMs)
  const copies = boards.reduce((sum, board) => sum + board.tasks.size, 0)
  if (copies !== boards.length) throw new Error(`${copies} copies run, not ${boards.length}`)
  told(boards)
  const virtualMs = world.queue.now
  world.release()
  return { steps, virtualMs, playedNodes: boards.length, pools }
}

function poolName(pool: number): PoolName {
  return `site-${pool}` as PoolName
}

/** As a speaker of a pool says it in which all is well (`node/core/pools.ts`). */
function summaryOf(node: NodeId, pool: PoolName, poolNodes: number, now: number): Uint8Array {
  const counts = { nodesAlive: poolNodes, nodesTotal: poolNodes, jobs: 1 }
  return encodeFrame({ kind: 'summary', pool, node, addresses: [`/sim/${node}`], ...counts, seq: now, wallMs: now })
}

/** The own one, and those that it has a contact in. */
function poolsOf(board: Board): number {
  return 1 + (board.core?.state?.contacts.size ?? 0)
}
