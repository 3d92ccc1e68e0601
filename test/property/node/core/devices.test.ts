// Whatever happens to boards, agents and adapters: no two copies on a board have one device, or the file of one. And once it is quiet, no
// device that somebody wants lies idle.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jobDocId } from '../../../../crdt/ids.ts'
import type { FoundDevice } from '../../../../node/core/ports.ts'
import { submission } from '../../../../simulator/operator.ts'
import { plug } from '../../../../simulator/plugs.ts'
import type { Board, World } from '../../../../simulator/world.ts'
import { adapter, ask, deviceJob, shared } from '../../../support/devices.ts'
import { bootPool } from '../../../support/pool.ts'
import { edit, jobSpec } from '../../../support/world.ts'

const ports = [1, 2, 3]
const names = ['/dev/ttyUSB0', '/dev/ttyUSB1', '/dev/ttyUSB2']

/** Which ports have an adapter, and in which order these were found: the first gets the first name. */
const plugged: fc.Arbitrary<readonly FoundDevice[]> = fc
  .shuffledSubarray(ports)
  .map((order) => order.map((port, at) => adapter(port, names[at], { model: port === 3 ? '6015' : '6001' })))

const events = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('plug' as const), board: fc.nat(1), devices: plugged }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('deaf' as const), board: fc.nat(1) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), board: fc.nat(1) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('kill', 'powerCut', 'wipe'), board: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'heal' as const), board: fc.constant(0) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('order' as const),
        job: fc.nat(1),
        count: fc.nat(3),
        asks: fc.nat(3),
        form: fc.nat(2),
        board: fc.nat(1),
      }),
    },
  ),
  { minLength: 4, maxLength: 14 },
)
type Happening = ReturnType<typeof events.generate>['value'][number] & { readonly devices?: readonly FoundDevice[] }

const asked = [[], [ask()], [ask({ count: 2 })], [ask(), ask({ name: '0403/serial' })]]
const fresh = new WeakMap<Board, readonly (readonly [string, Uint8Array])[]>()

function happen(world: World, boards: readonly Board[], event: Happening): void {
  const board = boards[event.board] as Board
  switch (event.kind) {
    case 'plug':
      return plug(world, board, event.devices ?? [])
    case 'deaf':
      board.devices = null
      return
    case 'crash':
      for (const { slot } of [...board.tasks.values()].slice(0, 1)) world.crash(board, slot)
      return
    case 'wipe':
      world.kill(board)
      for (const [key] of board.disk.scan('')) board.disk.write([{ key, value: null }], true)
      board.disk.write(
        (fresh.get(board) ?? []).map(([key, value]) => ({ key, value })),
        true,
      )
      return world.boot(board)
    case 'kill':
    case 'powerCut':
      world[event.kind](board)
      return world.boot(board)
    case 'cut':
      return world.split([boards[0]!], [boards[1]!])
    case 'heal':
      return world.heal()
    case 'order': {
      const options = { name: `j${event.job}`, count: event.count, command: `/bin/${event.form}` }
      const devices = asked[event.asks]!
      const spec = devices.length === 0 ? jobSpec(options) : deviceJob(devices, options)
      if (board.core !== null) edit(world, board, jobDocId(`default/${spec.name}` as never), 'default', submission(spec))
    }
  }
}

test('no device and no path of one is ever held twice on a board; and at the end none that is wanted is free', () => {
  let used = 0
  fc.assert(
    fc.property(events, fc.array(fc.integer({ min: 50, max: 40_000 }), { minLength: 14, maxLength: 14 }), (all, waits) => {
      const { world, boards } = bootPool(2, { board: () => ({ devices: [adapter(1, names[0])] }) })
      for (const board of boards) fresh.set(board, board.disk.scan(''))
      world.tasks.stopMs = 700
      world.watch = (board, _event, act) => {
        const effects = act()
        assert.deepEqual(shared(board), [])
        used += [...board.tasks.values()].filter(({ devices }) => devices !== undefined).length
        return effects
      }
      for (const [at, event] of all.entries()) {
        happen(world, boards, event)
        world.run(waits[at]!)
      }
      world.heal()
      // What both sides wrote meets before the last word is spoken.
      world.run(60_000)
      for (const board of boards) plug(world, board, [adapter(1, names[0]), adapter(2, names[1])])
      // A copy that had begun with another name of its adapter may have that file open until it is started again.
      for (const board of boards) {
        if (board.core !== null) world.powerCut(board)
        world.boot(board)
      }
      world.until('they take part', () => boards.every((board) => board.core?.state?.acting === true), 600_000)
      edit(world, boards[0]!, jobDocId('default/j0' as never), 'default', submission(jobSpec({ name: 'j0', count: 0 })))
      edit(world, boards[0]!, jobDocId('default/j1' as never), 'default', submission(deviceJob([ask()], { name: 'j1', count: 4 })))
      world.until(
        'all are in use',
        () =>
          boards.every(
            (board) => new Set([...board.tasks.values()].flatMap(({ devices = [] }) => devices.map(({ key }) => key))).size === 2,
          ),
        2 * 3_600_000,
      )
    }),
    { numRuns: 20 },
  )
  assert.ok(used > 0, 'some of these tasks have a device')
})
