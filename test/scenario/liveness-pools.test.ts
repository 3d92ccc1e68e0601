import assert from 'node:assert/strict'
import { test } from 'node:test'

import { agree, countWrong, scenarios, settledWorld } from '../../simulator/link-spread.ts'
import { LinkWorld } from '../../simulator/link-world.ts'
import { livenessLimits as limits } from '../../node/core/liveness/limits.ts'

// Virtual time: these bounds are about the protocol, not about this machine.
test('a killed board is disconnected everywhere well under 1.5 s, and back at once when it boots', () => {
  for (const nodes of [5, 20]) {
    const row = scenarios['kill']!({ nodes, loss: 0, seed: 3 })
    assert.ok(Number(row['fallMs']) <= 1_300, JSON.stringify(row))
    assert.ok(row['backMs'] !== null && Number(row['backMs']) <= 3_000, JSON.stringify(row))
  }
})

for (const name of ['silent', 'oneWayIn', 'oneWayOut', 'halves']) {
  test(`${name}: found by all within 6 s (10 s with a tenth of the frames lost), and healed`, () => {
    for (const loss of [0, 0.1]) {
      const row = scenarios[name]!({ nodes: 20, loss, seed: 5 })
      assert.ok(row['fallMs'] !== null && Number(row['fallMs']) <= (loss === 0 ? 6_000 : 10_000), JSON.stringify(row))
      assert.ok(row['healMs'] !== null && Number(row['healMs']) <= 6_000, JSON.stringify(row))
      assert.notEqual(row['sidesStayedWhole'], 'no')
    }
  })
}

test('a tenth of the frames lost and a board at 5 % of a CPU: nobody is ever wrongly disconnected, and idling is cheap', () => {
  for (const loss of [0, 0.1]) {
    const row = scenarios['quiet']!({ nodes: 8, loss, seed: 7 })
    assert.equal(row['wronglyDown'], 0, JSON.stringify(row))
    if (loss === 0) assert.ok(Number(row['bytesPerBoardPerS']) <= 260, JSON.stringify(row))
  }
})

test('a flapping board is let back ever more rarely, and nobody else suffers', () => {
  const row = scenarios['flapping']!({ nodes: 8, loss: 0, seed: 2 })
  assert.ok(Number(row['changesIn10Min']) <= 16, JSON.stringify(row))
  assert.equal(row['othersWronglyDown'], 0)
})

test('boards stay within the edges that they may watch, and 50 of them are one graph', () => {
  const { world, bootMs } = settledWorld({ nodes: 50, loss: 0, seed: 1 })
  assert.notEqual(bootMs, null)
  for (const { state } of world.boards) {
    const watched = [...state!.links.values()].filter((link) => link.wants || link.taken).length
    assert.ok(watched >= limits.choicesCount && watched <= limits.watchedCountMax, `${watched} edges`)
  }
})

test('a settled pool says nothing', () => {
  const { world } = settledWorld({ nodes: 20, loss: 0, seed: 9 }, 180_000)
  const published = world.counters.published
  world.run(120_000)
  assert.equal(world.counters.published, published)
})

test('two sites that share a single connection are one pool', () => {
  const sameSite = (a: number, b: number): boolean => a % 2 === b % 2
  const world = new LinkWorld({ nodes: 20, seed: 6, mayConnect: (a, b) => sameSite(a, b) || a + b === 1 })
  world.bootAll(1_000)
  assert.notEqual(
    world.until(() => world.live().length === 20 && agree(world, world.live(), world.live(), 'alive'), 20_000),
    null,
  )
  const wrong = countWrong(world, new Set())
  world.run(300_000)
  assert.equal(wrong(), 0)
})

test('a star: boards that can connect to one board only are alive to each other through it', () => {
  const world = new LinkWorld({ nodes: 20, seed: 8, mayConnect: (a, b) => a === 0 || b === 0 })
  world.bootAll(1_000)
  assert.notEqual(
    world.until(() => world.live().length === 20 && agree(world, world.live(), world.live(), 'alive'), 15_000),
    null,
  )
  const wrong = countWrong(world, new Set())
  world.run(300_000)
  assert.equal(wrong(), 0)
})

test('old link states keep no dead board alive: they go round for ever and change nothing', () => {
  const { world } = settledWorld({ nodes: 8, loss: 0, seed: 4 })
  world.powerOff(0)
  world.run(10_000)
  // One that booted later hears of the dead board only from the others.
  world.kill(1)
  world.run(1_000)
  world.boot(1)
  world.run(120_000)
  for (const index of world.live()) assert.equal(world.sees(index, 0), index === 1 ? 'unheard' : 'disconnected')
})

test('killed and booted within a second, again and again, also without the others noticing the close', () => {
  for (const close of ['kill', 'powerOff'] as const) {
    const { world } = settledWorld({ nodes: 6, loss: 0, seed: 11 })
    for (let i = 0; i < 3; i++) {
      world[close](0)
      world.run(500)
      world.boot(0)
      world.run(20_000)
    }
    assert.ok(agree(world, world.live(), world.live(), 'alive'))
  }
})

test('all of 20 boards power up within 2 s and are one pool within 5 s', () => {
  for (const seed of [1, 2, 3]) {
    const world = new LinkWorld({ nodes: 20, seed })
    world.bootAll(2_000)
    const took = world.until(() => world.live().length === 20 && agree(world, world.live(), world.live(), 'alive'), 60_000)
    assert.ok(took !== null && took <= 5_000, `${took} ms`)
  }
})

test('a run is a function of its seed', () => {
  const figures = () => JSON.stringify(scenarios['halves']!({ nodes: 8, loss: 0.1, seed: 12 }))
  assert.equal(figures(), figures())
})
