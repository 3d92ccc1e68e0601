// Two or three nodes of liveness wired by hand: every effect is delivered at once unless the test blocks it. For tests that
// want to see single messages; whole pools are in test/scenario.

import type { NodeId } from '../../../../../crdt/ids.ts'
import {
  type LivenessEffect,
  type LivenessState,
  createLiveness,
  nextDeadline,
  onLinkState,
  onProbe,
  onProbeAck,
  peerDown,
  peerUp,
  setMembers,
  setOwnHeads,
  tick,
} from '../../../../../node/core/liveness/liveness.ts'
import { testCrypto, testSigner } from '../../../../support/crypto.ts'

export interface Bench {
  readonly nodes: Map<NodeId, LivenessState>
  readonly trail: { readonly from: NodeId; readonly effect: LivenessEffect }[]
  now: number
  /** Says whether this effect is lost on its way. */
  blocks: (from: NodeId, to: NodeId, effect: LivenessEffect) => boolean
  deliver(from: NodeId, effects: readonly LivenessEffect[]): void
  connect(a: NodeId, b: NodeId): void
  disconnect(a: NodeId, b: NodeId): void
  /** Lets time pass; every node ticks exactly at its deadlines. */
  run(ms: number): void
  boot(seed: number, bootNumber: number): LivenessState
  count(kind: LivenessEffect['kind'], from?: NodeId): number
}

export function idOf(seed: number): NodeId {
  return testSigner(seed).node
}

export function createBench(seeds: readonly number[]): Bench {
  // In order, as on a stream: what a message leads to comes after what was under way already.
  const flying: { from: NodeId; to: NodeId; effect: LivenessEffect }[] = []
  let isDelivering = false
  const bench: Bench = {
    nodes: new Map(),
    trail: [],
    now: 0,
    blocks: () => false,
    deliver(from, effects) {
      for (const effect of effects) {
        bench.trail.push({ from, effect })
        for (const to of targets(bench, from, effect)) if (!bench.blocks(from, to, effect)) flying.push({ from, to, effect })
      }
      if (isDelivering) return
      isDelivering = true
      for (let next = flying.shift(), count = 0; next !== undefined; next = flying.shift(), count++) {
        if (count > 1_000) throw new Error('they talk without end')
        hand(bench, next.from, next.to, next.effect)
      }
      isDelivering = false
    },
    connect(a, b) {
      bench.deliver(a, peerUp(bench.nodes.get(a)!, b, bench.now))
      bench.deliver(b, peerUp(bench.nodes.get(b)!, a, bench.now))
    },
    disconnect(a, b) {
      bench.deliver(a, peerDown(bench.nodes.get(a)!, b, bench.now))
      bench.deliver(b, peerDown(bench.nodes.get(b)!, a, bench.now))
    },
    run(ms) {
      const end = bench.now + ms
      for (;;) {
        const due = [...bench.nodes.values()].map((state) => nextDeadline(state))
        const next = Math.max(Math.min(...due), bench.now + 1)
        if (next > end) break
        bench.now = next
        for (const [id, state] of bench.nodes) if (nextDeadline(state) <= next) bench.deliver(id, tick(state, next, 0))
      }
      bench.now = end
    },
    boot(seed, bootNumber) {
      const { node, signer } = testSigner(seed)
      const state = createLiveness({ self: node, crypto: testCrypto(), signer, now: bench.now, seed: bootNumber })
      bench.nodes.set(node, state)
      setMembers(state, new Set(seeds.map(idOf)))
      bench.deliver(node, setOwnHeads(state, `heads ${bootNumber}`, bench.now))
      return state
    },
    count: (kind, from) => bench.trail.filter((entry) => entry.effect.kind === kind && (from === undefined || entry.from === from)).length,
  }
  for (const seed of seeds) bench.boot(seed, 1_000 + seed)
  return bench
}

function targets(bench: Bench, from: NodeId, effect: LivenessEffect): NodeId[] {
  if (effect.kind === 'probe' || effect.kind === 'probe-ack' || effect.kind === 'relay') return [effect.to]
  return effect.kind === 'publish' ? [...bench.nodes.keys()].filter((id) => id !== from) : []
}

function hand(bench: Bench, from: NodeId, to: NodeId, effect: LivenessEffect): void {
  const state = bench.nodes.get(to)
  if (state === undefined) return
  if (effect.kind === 'probe') bench.deliver(to, onProbe(state, from, effect.n, bench.now))
  if (effect.kind === 'probe-ack') bench.deliver(to, onProbeAck(state, from, effect.n, bench.now))
  if (effect.kind === 'publish') bench.deliver(to, onLinkState(state, effect.state, from, bench.now, 'gossip'))
  if (effect.kind === 'relay') for (const bytes of effect.states) bench.deliver(to, onLinkState(state, bytes, from, bench.now, 'stream'))
}
