import assert from 'node:assert/strict'
import { test } from 'node:test'

import { LinkWorld } from '../../simulator/link-world.ts'
import { createPrng } from '../../simulator/prng.ts'

type Arc = readonly [number, number]

function pairs(nodes: number): Arc[] {
  const all: Arc[] = []
  for (let a = 0; a < nodes; a++) for (let b = a + 1; b < nodes; b++) all.push([a, b])
  return all
}

/** Who can reach whom over links that work both ways. */
function reach(nodes: number, isCut: (from: number, to: number) => boolean): boolean[][] {
  const can = Array.from({ length: nodes }, (_, a) => Array.from({ length: nodes }, (_, b) => a === b || (!isCut(a, b) && !isCut(b, a))))
  for (let via = 0; via < nodes; via++) {
    for (let a = 0; a < nodes; a++) for (let b = 0; b < nodes; b++) if (can[a]![via]! && can[via]![b]!) can[a]![b] = true
  }
  return can
}

function settled(nodes: number, seed: number): LinkWorld {
  const world = new LinkWorld({ nodes, seed })
  world.bootAll(300)
  world.run(10_000)
  return world
}

function check(world: LinkWorld, nodes: number, when: string): void {
  const can = reach(nodes, world.isCut)
  for (let a = 0; a < nodes; a++) {
    for (let b = 0; b < nodes; b++) assert.equal(world.sees(a, b), can[a]![b]! ? 'alive' : 'disconnected', `${a} sees ${b} wrongly ${when}`)
  }
}

function cutAndHeal(nodes: number, seed: number, name: string, cut: ReadonlySet<string>): void {
  const world = settled(nodes, seed)
  check(world, nodes, `before cut ${name}`)
  world.isCut = (from, to) => cut.has(`${from} ${to}`)
  world.run(15_000)
  check(world, nodes, `after cut ${name}`)
  world.isCut = () => false
  world.run(15_000)
  check(world, nodes, `after the heal of ${name}`)
}

for (const nodes of [2, 3, 4]) {
  test(`every full cut between ${nodes} nodes and its heal: liveness is reachability`, () => {
    const all = pairs(nodes)
    for (let mask = 1; mask < 2 ** all.length; mask++) {
      const cut = all.filter((_, i) => (mask >> i) % 2 === 1)
      cutAndHeal(nodes, mask, JSON.stringify(cut), new Set(cut.flatMap(([a, b]) => [`${a} ${b}`, `${b} ${a}`])))
    }
  })
}

for (const nodes of [2, 3]) {
  test(`every set of one-way cuts between ${nodes} nodes and its heal`, () => {
    const all = pairs(nodes).flatMap(
      ([a, b]) =>
        [
          [a, b],
          [b, a],
        ] as const,
    )
    for (let mask = 1; mask < 2 ** all.length; mask++) {
      const cut = all.filter((_, i) => (mask >> i) % 2 === 1)
      cutAndHeal(nodes, mask, JSON.stringify(cut), new Set(cut.map(([a, b]) => `${a} ${b}`)))
    }
  })
}

test('a sample of one-way cuts between 4 nodes', () => {
  const all = pairs(4).flatMap(
    ([a, b]) =>
      [
        [a, b],
        [b, a],
      ] as const,
  )
  const prng = createPrng(4)
  for (let run = 0; run < 60; run++) {
    const cut = all.filter(() => prng.chance(0.4))
    cutAndHeal(4, run, JSON.stringify(cut), new Set(cut.map(([a, b]) => `${a} ${b}`)))
  }
})
