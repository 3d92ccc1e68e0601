// The order of claims reads a set: every permutation of every subset agrees, and who is first among all is first among any
// part that contains it.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Claim, ClaimState } from '../../../crdt/view.ts'
import { standing } from '../../../scheduler/standing.ts'
import { form, makeClaim, makeNodes, node, random, slotOf, version } from '../../support/view.ts'

const states: readonly ClaimState[] = ['claimed', 'preparing', 'running', 'running', 'running', 'failed', 'withdrawn']
const reconciles = ['best_score', 'keep_original', 'keep_replacement', 'longest_running'] as const

function stand(claims: readonly Claim[], seed: number) {
  const next = random(seed)
  const nodes = makeNodes(6, () => ({ draining: next() < 0.2 }))
  const ranks = new Map(nodes.map((one) => [one.id, Math.floor(next() * 2)]))
  return standing({
    slot: slotOf(0),
    claims,
    nodes: new Map(nodes.map((one) => [one.id, one])),
    form: form('f2'),
    version: version(2),
    runsOnce: false,
    reconcile: reconciles[seed % 4] ?? 'best_score',
    stopGeneration: 0,
    rankOf: (id) => ranks.get(id) ?? 0,
    isUnknown: () => false,
  })
}

function randomClaims(seed: number, count: number): Claim[] {
  const next = random(seed * 7 + 1)
  return Array.from({ length: count }, (_, i) =>
    makeClaim(`n0${i}`, {
      generation: 1 + Math.floor(next() * 3),
      state: states[Math.floor(next() * states.length)] ?? 'running',
      startedAt: Math.floor(next() * 3),
      ...(next() < 0.5 ? { form: form('f2'), version: version(2) } : {}),
      lost: next() < 0.1 ? new Map([[node('n00'), 2]]) : new Map(),
    }),
  )
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, i) => permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]))
}

test('every permutation of every subset agrees on heir, holder and order', () => {
  for (let seed = 0; seed < 60; seed++) {
    const claims = randomClaims(seed, 4)
    for (let mask = 0; mask < 16; mask++) {
      const subset = claims.filter((_, i) => (mask & (1 << i)) !== 0)
      const expected = stand(subset, seed)
      for (const order of permutations(subset)) assert.deepEqual(stand(order, seed), expected)
    }
  }
})

test('the order of two claims does not depend on the others (marks aside)', () => {
  for (let seed = 0; seed < 500; seed++) {
    const claims = randomClaims(seed, 6).map((claim) => ({ ...claim, lost: new Map() }))
    const all = stand(claims, seed).live
    for (const [i, a] of all.entries()) {
      for (const b of all.slice(i + 1)) assert.deepEqual(stand([b, a], seed).live, [a, b])
    }
  }
})
