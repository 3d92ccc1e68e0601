// The line under every read: who answered, how much of the pool it sees, and how old the rest is.

import type { Coverage } from '../../crdt/api-types.ts'
import { age, safe } from './words.ts'

export function coverageLine(coverage: Coverage): string {
  const { nodeName, pool, nodesAlive, nodesTotal, oldestMs } = coverage
  const silent = nodesTotal - nodesAlive
  const old = silent > 0 ? `; nothing from the other ${silent === 1 ? 'one' : silent} for up to ${age(oldestMs)}` : ''
  return `${safe(nodeName)} answered for pool ${safe(pool)}: ${aliveWords(coverage)}${old}`
}

/** Of the nodes that are not evicted. */
export function aliveWords({ nodesAlive, nodesTotal }: Coverage): string {
  return nodesTotal === 0 ? 'no node is admitted' : `${nodesAlive} of ${nodesTotal} nodes alive`
}
