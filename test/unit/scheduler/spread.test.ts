// What `spread` adds to a node's score, as a table: wanted share of the value, less what is there, less the copy to be placed.

import assert from 'node:assert/strict'
import test from 'node:test'
import { boardsOf } from '../../../scheduler/boards.ts'
import { feasibleNodes } from '../../../scheduler/feasibility.ts'
import { claimsIn, groupsOf, rulesOf } from '../../../scheduler/group.ts'
import { point } from '../../../scheduler/limits.ts'
import { plan } from '../../../scheduler/plan.ts'
import { classesOf, spreadingOf } from '../../../scheduler/spread.ts'
import type { Spread } from '../../../crdt/spec.ts'
import { makeClaim, makeGroup, makeJob, makeLocal, makeNode, makeView, slotOf } from '../../support/view.ts'

const site = (targets: Readonly<Record<string, number>> = {}, weight = 50): Spread => ({
  attribute: '${label.site}',
  weight,
  targets: Object.entries(targets).map(([value, percent]) => ({ value, percent })),
})
const rack: Spread = { attribute: '${label.rack}', weight: 50, targets: [] }

interface Case {
  readonly count: number
  readonly spread: readonly Spread[]
  /** Node → its labels: `site` or `site/rack`; empty: none. */
  readonly nodes: Readonly<Record<string, string>>
  /** Nodes that have a copy already. */
  readonly copies?: readonly string[]
  /** Points of each node, in order. */
  readonly boosts: readonly number[]
}

const three = { a: 'x', b: 'y', c: 'z' }

const table: Readonly<Record<string, Case>> = {
  'even, nothing there: all values alike': { count: 3, spread: [site()], nodes: three, boosts: [0, 0, 0] },
  'even, one there: its value lacks one less': { count: 3, spread: [site()], nodes: three, copies: ['a'], boosts: [-1, 0, 0] },
  'even, as many everywhere: alike again': { count: 6, spread: [site()], nodes: three, copies: ['a', 'b', 'c'], boosts: [0, 0, 0] },
  'even, fewer copies than values: empty ones first': {
    count: 2,
    spread: [site()],
    nodes: { a: 'x', b: 'y', c: 'z', d: 'v' },
    copies: ['a'],
    boosts: [-1.5, -0.5, -0.5, -0.5],
  },
  'even, by value and not by node': { count: 4, spread: [site()], nodes: { a: 'x', b: 'x', c: 'y' }, copies: ['a'], boosts: [0, 0, 1] },
  'even, a node without the attribute': { count: 2, spread: [site()], nodes: { a: 'x', b: '' }, boosts: [1, -1] },
  'even, no node has the attribute: all alike': { count: 2, spread: [site()], nodes: { a: '', b: '' }, boosts: [-1, -1] },
  shares: { count: 10, spread: [site({ x: 70, y: 20 })], nodes: three, boosts: [4, 1, 0] },
  'a share of zero, in whatever order values are looked at': {
    count: 2,
    spread: [site({ x: 0, y: 100 })],
    nodes: { a: 'x', b: 'y' },
    boosts: [-1, 1],
  },
  'a share of zero that has a copy': {
    count: 2,
    spread: [site({ x: 0, y: 100 })],
    nodes: { a: 'x', b: 'y' },
    copies: ['a'],
    boosts: [-2, 1],
  },
  'values without a share have the rest together': { count: 4, spread: [site({ x: 50 })], nodes: three, copies: ['b'], boosts: [1, 0, 0] },
  'all shares given away: the others have none': { count: 2, spread: [site({ x: 100 })], nodes: three, boosts: [1, -1, -1] },
  'a lack beyond four points counts as four': { count: 100, spread: [site({ x: 100 })], nodes: { a: 'x', b: 'y' }, boosts: [4, -1] },
  'two spreads: the mean by weight': {
    count: 2,
    spread: [site({ x: 100 }, 75), { ...rack, weight: 25 }],
    nodes: { a: 'x/1', b: 'y/2' },
    boosts: [0.75, -0.75],
  },
}

for (const [name, { count, spread, nodes, copies = [], boosts }] of Object.entries(table)) {
  test(name, () => {
    const labelled = Object.entries(nodes).map(([id, text]) => {
      const [value = '', row] = text.split('/')
      return makeNode(id, { labels: value === '' ? {} : row === undefined ? { site: value } : { site: value, rack: row } })
    })
    const claims = copies.map((id, index) => makeClaim(id, { slot: slotOf(index) }))
    const view = makeView({ nodes: labelled, jobs: [makeJob({ groups: [makeGroup({ count, spread })] })], claims })
    const boards = boardsOf(view)
    const job = [...view.jobs.values()][0]!
    const rules = rulesOf(job, job.spec!)
    const [group] = groupsOf(boards, rules, claimsIn(view, boards, rules))
    const { boost, classOf } = spreadingOf(group!, classesOf(spread, boards, feasibleNodes(group!, boards)))
    assert.deepEqual(
      boards.ids.map((_, index) => boost(classOf[index]!)),
      boosts.map((points) => points * point),
    )
  })
}

test('values alike are taken in an order that depends on the slot and on nothing else', () => {
  const place = (names: readonly string[]): readonly (string | null)[] => {
    const nodes = names.map((name) => makeNode(name, { labels: { site: name } }))
    const view = makeView({ nodes, jobs: [makeJob({ groups: [makeGroup({ count: 3, spread: [site()] })] })] })
    return plan(view, makeLocal('a')).slots.map(({ candidate }) => candidate)
  }
  const placed = place(['a', 'b', 'c'])
  assert.deepEqual([...placed].sort(), ['a', 'b', 'c'])
  assert.deepEqual(place(['c', 'a', 'b']), placed)
})
