// The loop that keeps a board connected, in virtual time with dials that fail until a cut heals.

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { AddressBook } from '../../../../../node/core/dialling/address-book.ts'
import { dialLimits } from '../../../../../node/core/dialling/limits.ts'
import { Maintain } from '../../../../../node/core/dialling/maintain.ts'

const peers = Array.from({ length: 8 }, (_, n) => `peer-${n}`)

interface Bench {
  readonly maintain: Maintain
  readonly book: AddressBook
  readonly dialled: string[]
  /** Lets virtual time pass, with what it sets off. */
  readonly pass: (ms: number) => Promise<void>
  up: string[]
}

function bench(t: TestContext): Bench {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const book = new AddressBook()
  const dialled: string[] = []
  let now = 0
  const world: Bench = {
    book,
    dialled,
    up: [],
    pass: async (ms) => {
      for (let passed = 0; passed < ms; passed += 100) {
        now += 100
        t.mock.timers.tick(100)
        await new Promise(setImmediate)
      }
    },
    maintain: new Maintain({
      book,
      log: { debug: () => {}, info: () => {} },
      dial: (address, _peer, _failures, done) => {
        dialled.push(address)
        done({ fault: 'silent' })
      },
      search: (_peer, done) => done([]),
      isConnected: (peer) => world.up.includes(peer),
      peers: () => ({ all: world.up.length, pool: world.up.length }),
      hangUp: () => {},
      now: () => now,
      chance: () => 0.5,
      after: (ms, act) => {
        const timer = setTimeout(act, ms)
        return () => clearTimeout(timer)
      },
    }),
  }
  return world
}

test('after a long cut, the first peer that is back makes the others be dialled at once', async (t) => {
  const world = bench(t)
  for (const peer of peers) {
    world.book.remember(peer, [`/${peer}`], true)
    world.book.lost(peer)
  }
  world.maintain.start()
  // Dead addresses use up what may be dialled in a minute.
  await world.pass(3 * 60_000)
  world.dialled.length = 0
  world.up = ['peer-0']
  if (world.book.reached('peer-0')) world.maintain.recovered()
  await world.pass(2 * dialLimits.hurryMs + 100)
  assert.ok(world.dialled.length >= dialLimits.recoveryDials - 1, `dialled ${world.dialled.join(' ')}`)
  world.maintain.stop()
})
