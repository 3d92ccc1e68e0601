// Devices of boards: who gets them, who keeps them, and what becomes of a copy whose device comes late, moves or goes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JobId, jobDocId, nodeDocId } from '../../../crdt/ids.ts'
import type { JobSpec } from '../../../crdt/spec.ts'
import { explainJob } from '../../../scheduler/explain.ts'
import { localOf } from '../../../node/core/placement.ts'
import type { FoundDevice } from '../../../node/core/ports.ts'
import { withShortWaits } from '../../../simulator/chaos/own-jobs.ts'
import { plug } from '../../../simulator/plugs.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { adapter, ask, deviceJob, inUse, shared, told } from '../../support/devices.ts'
import { bootPool, count, home } from '../../support/pool.ts'
import { claimOf, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'
import { submission } from '../../../simulator/operator.ts'

function begin(
  devices: readonly (readonly FoundDevice[])[],
  spec: JobSpec = deviceJob(),
): { world: World; boards: Board[]; first: Board; job: JobId } {
  const pool = bootPool(devices.length, { board: (index) => ({ devices: devices[index]! }) })
  pool.world.run(2_000)
  const job = runJob(pool.world, pool.first, spec)
  pool.world.run(10_000)
  return { ...pool, job }
}

const rejections = (board: Board, job: JobId, index = 0) => {
  const { view, plan } = board.core!.state!
  const { slots } = explainJob(view, localOf(board.core!.state!, 0), plan!, job)
  return Object.fromEntries(slots[index]!.nodes.map(({ name, rejected }) => [name, rejected]))
}

const states = (board: Board, job: JobId, copies: number) =>
  Array.from({ length: copies }, (_, index) => claimOf(board, slot(job, index), board)?.state)

test('a copy goes where its device is, is told of it, and its claim names it; who finds none says why', () => {
  const { world, boards, first, job } = begin(
    [[], [adapter(1)], [adapter(2, '/dev/ttyS9', { vendor: '10c4' })]],
    deviceJob([ask({ name: '0403/serial' })]),
  )
  assert.deepEqual(runners(world, slot(job)), ['b1'])
  assert.deepEqual(inUse(boards[1]!), { [slot(job)]: ['serial-usb2-1 /dev/ttyUSB1'] })
  assert.deepEqual(claimOf(first, slot(job), boards[1]!)!.devices, ['serial-usb2-1'])
  assert.deepEqual(rejections(first, job), { b0: 'device-missing', b1: 'holds-slot', b2: 'device-missing' })
  edit(world, first, jobDocId(job), 'default', () => new Map([['spec/groups/g/count', 2]]))
  world.run(5_000)
  assert.equal(rejections(first, job, 1)['b1'], 'device-taken')
  assert.deepEqual(inUse(boards[1]!), { [slot(job)]: ['serial-usb2-1 /dev/ttyUSB1'] })
})

test('so many of one model as are asked for, that meet the constraints', () => {
  const others = [
    adapter(1),
    adapter(2, '/dev/ttyUSB2', { model: '6015' }),
    adapter(3, '/dev/ttyUSB3', { model: '6015', attributes: { serial: 'B' } }),
  ]
  const two = begin([others, [adapter(1)]], deviceJob([ask({ count: 2 })]))
  assert.deepEqual(inUse(two.first), { [slot(two.job)]: ['serial-usb2-2 /dev/ttyUSB2', 'serial-usb2-3 /dev/ttyUSB3'] })
  const rule = { attribute: '${device.attr.serial}', operator: '=', value: 'B' } as const
  const one = begin([others], deviceJob([ask({ constraints: [rule] })]))
  assert.deepEqual(inUse(one.first), { [slot(one.job)]: ['serial-usb2-3 /dev/ttyUSB3'] })
})

test('a task sees its devices in its environment', () => {
  const seen: (string | undefined)[] = []
  const pool = bootPool(1, { board: () => ({ devices: [adapter(1), adapter(2)] }) })
  pool.world.tasks.refuse = (_board, { env }, phase) => {
    if (phase === 'start') seen.push(env['SHOAL_DEVICE_0403_serial_6001'])
    return null
  }
  runJob(pool.world, pool.first, deviceJob([ask({ name: '0403/serial/6001', count: 2 })]))
  pool.world.run(10_000)
  assert.deepEqual(seen, ['/dev/ttyUSB1,/dev/ttyUSB2'])
})

test('copies of all jobs together have no more devices than there are, and one that ends gives its device back', () => {
  const { world, first, job } = begin([[adapter(1), adapter(2)]], deviceJob([ask()], { count: 3 }))
  assert.equal(Object.keys(inUse(first)).length, 2)
  const other = runJob(world, first, deviceJob([ask()], { name: 'other' }))
  world.run(10_000)
  assert.deepEqual(runners(world, slot(other)), [])
  edit(world, first, jobDocId(job), 'default', () => new Map([['spec/groups/g/count', 1]]))
  world.run(10_000)
  assert.deepEqual(runners(world, slot(other)), ['b0'])
  assert.deepEqual(shared(first), [])
})

test('a second adapter is another device, whatever its serial number; no two copies open one file', () => {
  const { world, first, job } = begin([[adapter(1, '/dev/ttyUSB0')]], deviceJob([ask()], { count: 2 }))
  assert.equal(Object.keys(inUse(first)).length, 1)
  plug(world, first, [adapter(1, '/dev/ttyUSB0'), adapter(2, '/dev/ttyUSB1')])
  world.run(10_000)
  const used = Object.values(inUse(first)).flat().toSorted()
  assert.deepEqual(used, ['serial-usb2-1 /dev/ttyUSB0', 'serial-usb2-2 /dev/ttyUSB1'])
  assert.deepEqual(runners(world, slot(job, 1)), ['b0'])
})

test('a finder that tells two devices of one path is believed once; the one that was known goes first', () => {
  const { world, first } = begin([[adapter(2, '/dev/ttyUSB0')]], jobSpec())
  plug(world, first, [adapter(1, '/dev/ttyUSB0'), adapter(2, '/dev/ttyUSB0'), adapter(3, '/dev/tty,USB')])
  world.run(5_000)
  assert.deepEqual(told(first), { 'serial-usb2-2': '' })
})

test('the name of a file goes over to another device: the copy that was given it keeps it until it ends, and the other waits', () => {
  const { world, first, job } = begin([[adapter(1, '/dev/ttyUSB0')]], deviceJob([ask()], { count: 2 }))
  // The adapter falls off; another one, elsewhere, gets its name at once.
  plug(world, first, [adapter(2, '/dev/ttyUSB0')])
  world.run(30_000)
  assert.deepEqual(told(first), {
    'serial-usb2-1': 'it is not there',
    'serial-usb2-2': 'a copy still has serial-usb2-1, which was found at its path before',
  })
  assert.deepEqual(inUse(first), { [slot(job, 0)]: ['serial-usb2-1 /dev/ttyUSB0'] })
  world.crash(first, slot(job, 0))
  world.run(20_000)
  assert.match(claimOf(first, slot(job, 0), first)!.reason, /^device-waits: serial-usb2-1 is not there/)
  world.run(90_000)
  assert.deepEqual(Object.values(inUse(first)), [['serial-usb2-2 /dev/ttyUSB0']])
  assert.deepEqual(shared(first), [])
})

test('one that a look misses stays told; another one at its path ends that at once', () => {
  const { world, first } = begin([[adapter(1)]], jobSpec())
  plug(world, first, [])
  world.run(5_000)
  assert.deepEqual(told(first), { 'serial-usb2-1': '' })
  plug(world, first, [adapter(7, '/dev/ttyUSB1')])
  world.run(5_000)
  assert.deepEqual(told(first), { 'serial-usb2-7': '' })
  plug(world, first, [])
  world.run(70_000)
  assert.deepEqual(told(first), {})
})

test('paths that change places are in no document, and change nothing there', () => {
  const { world, first } = begin([[adapter(1, '/dev/ttyUSB0'), adapter(2, '/dev/ttyUSB1')]], jobSpec())
  const digest = () => first.core!.state!.docs.get(nodeDocId(first.spec.id))!.digest
  world.run(10_000)
  const before = digest()
  for (let look = 0; look < 10; look++) {
    const names = look % 2 === 0 ? ['/dev/ttyUSB1', '/dev/ttyUSB0'] : ['/dev/ttyUSB0', '/dev/ttyUSB1']
    plug(world, first, [adapter(1, names[0]), adapter(2, names[1])])
    world.run(1_000)
  }
  assert.equal(digest(), before)
})

test('a copy that starts again finds its device where it is by then', () => {
  const { world, first, job } = begin([[adapter(1, '/dev/ttyUSB0')]])
  plug(world, first, [adapter(1, '/dev/ttyUSB5')])
  world.crash(first, slot(job))
  world.run(30_000)
  assert.deepEqual(inUse(first), { [slot(job)]: ['serial-usb2-1 /dev/ttyUSB5'] })
})

test('after a power cut a copy waits for a slow device instead of failing', () => {
  const { world, first, job } = begin([[adapter(1), adapter(2, '/dev/ttyS0')]])
  const generation = claimOf(first, slot(job), first)!.generation
  world.powerCut(first)
  first.devices = null
  world.boot(first)
  world.run(100_000)
  // Nobody has looked: unknown, and not gone.
  assert.deepEqual([states(first, job, 1), told(first)], [['preparing'], { 'serial-usb2-1': '', 'serial-usb2-2': '' }])
  plug(world, first, [adapter(2, '/dev/ttyS0')])
  world.run(50_000)
  assert.match(claimOf(first, slot(job), first)!.reason, /^device-waits: /)
  plug(world, first, [adapter(1), adapter(2, '/dev/ttyS0')])
  world.run(5_000)
  assert.deepEqual(inUse(first), { [slot(job)]: ['serial-usb2-1 /dev/ttyUSB1'] })
  assert.deepEqual([claimOf(first, slot(job), first)!.generation, count(world, 'start')], [generation, 2])
})

test('one that never comes ends the copy, which goes elsewhere', () => {
  const { world, boards, first, job } = begin([[adapter(1)], [adapter(1)]])
  const ran = home(world, slot(job))
  const other = boards.find((board) => board !== ran)!
  world.powerCut(ran)
  ran.devices = []
  world.boot(ran)
  world.run(58_000)
  assert.match(claimOf(first, slot(job), ran)!.reason, /^device-waits: serial-usb2-1 is not there/)
  world.run(60_000)
  assert.deepEqual(runners(world, slot(job)), [other.spec.name])
  assert.deepEqual([claimOf(first, slot(job), ran)!.state, told(ran)], ['failed', {}])
})

test('an update in place keeps the devices that the copy has', () => {
  const { world, first, job: early } = begin([[adapter(1), adapter(2), adapter(3)]], deviceJob([ask()], { name: 'early' }))
  const job = runJob(world, first, deviceJob([ask()]))
  world.run(5_000)
  const before = inUse(first)
  assert.deepEqual(before[slot(job)], ['serial-usb2-2 /dev/ttyUSB2'])
  // The one that comes first is free again.
  edit(world, first, jobDocId(early), 'default', () => new Map([['state/desired', 'stopped']]))
  world.run(5_000)
  edit(world, first, jobDocId(job), 'default', submission(deviceJob([ask(), ask({ name: '0403/serial' })], { command: '/bin/new' })))
  world.run(20_000)
  const [kept] = before[slot(job, 0)]!
  const now = inUse(first)[slot(job, 0)]!
  assert.equal(now.length, 2)
  assert.ok(now.includes(kept!), `${now.join()} has not ${kept}`)
  edit(world, first, jobDocId(job), 'default', submission(deviceJob([ask()], { command: '/bin/newer' })))
  world.run(20_000)
  assert.deepEqual(inUse(first)[slot(job, 0)], before[slot(job, 0)])
})

test('the only device of a board is no reason to leave it: what the copy has counts as free for its own update', () => {
  const { world, first, job } = begin([[adapter(1)], [adapter(1)]], deviceJob([ask()], { count: 2 }))
  const before = [...world.boards.values()].map(inUse)
  edit(world, first, jobDocId(job), 'default', submission(deviceJob([ask()], { count: 2, command: '/bin/new' })))
  world.run(60_000)
  assert.deepEqual([...world.boards.values()].map(inUse), before)
  assert.deepEqual(
    [0, 1].map((index) => claimOf(first, slot(job, index), home(world, slot(job, index)))!.generation),
    [1, 1],
  )
  assert.equal(count(world, 'start'), 4)
})

test('the device of a former form is nobody else’s until its task is gone', () => {
  const { world, first, job } = begin([[adapter(1)]])
  world.tasks.stopMs = 4_000
  edit(world, first, jobDocId(job), 'default', submission(jobSpec({ command: '/bin/new' })))
  const other = runJob(world, first, deviceJob([ask()], { name: 'other' }))
  world.run(3_000)
  assert.deepEqual([inUse(first)[slot(job)], runners(world, slot(other))], [['serial-usb2-1 /dev/ttyUSB1'], []])
  world.run(10_000)
  assert.deepEqual(inUse(first), { [slot(job)]: [], [slot(other)]: ['serial-usb2-1 /dev/ttyUSB1'] })
})

test('a copy on its way out has its device until its process is gone', () => {
  const { world, first, job } = begin([[adapter(1)]])
  world.tasks.stopMs = 4_000
  const other = runJob(world, first, deviceJob([ask()], { name: 'other' }))
  edit(world, first, jobDocId(job), 'default', () => new Map([['state/desired', 'stopped']]))
  world.run(3_500)
  assert.deepEqual(inUse(first), { [slot(job)]: ['serial-usb2-1 /dev/ttyUSB1'] })
  world.run(10_000)
  assert.deepEqual(inUse(first), { [slot(other)]: ['serial-usb2-1 /dev/ttyUSB1'] })
})

test('what a task has of which no claim tells is nobody else’s, and the board says so', () => {
  const pool = bootPool(2, { board: (index) => ({ devices: index === 0 ? [adapter(1)] : [] }) })
  const { world, first } = pool
  const empty = first.disk.scan('')
  world.run(2_000)
  const job = runJob(world, pool.boards[1]!, deviceJob())
  world.run(10_000)
  assert.deepEqual(runners(world, slot(job)), ['b0'])
  // The board comes back with the disk of before, and cannot hear of the job; what it was given there goes on.
  world.kill(first)
  for (const [key] of first.disk.scan('')) first.disk.write([{ key, value: null }], true)
  first.disk.write(
    empty.map(([key, value]) => ({ key, value })),
    true,
  )
  world.split([first], [pool.boards[1]!])
  world.boot(first)
  world.run(20_000)
  assert.deepEqual(told(first), { 'serial-usb2-1': 'a task that no claim tells of still has it' })
  const other = runJob(world, first, deviceJob([ask()], { name: 'other' }))
  world.run(15 * 60_000)
  assert.deepEqual([runners(world, slot(other)), rejections(first, other)['b0']], [[], 'device-faulty'])
  assert.deepEqual(inUse(first), { [slot(job)]: ['serial-usb2-1 /dev/ttyUSB1'] })
  assert.deepEqual(shared(first), [])
})

test('an agent that is killed knows afterwards who has what, and where', () => {
  const { world, first, job } = begin([[adapter(1, '/dev/ttyUSB0')]])
  world.kill(first)
  first.devices = [adapter(2, '/dev/ttyUSB0')]
  world.boot(first)
  const other = runJob(world, first, deviceJob([ask()], { name: 'other' }))
  world.run(50_000)
  assert.deepEqual(inUse(first), { [slot(job)]: ['serial-usb2-1 /dev/ttyUSB0'] })
  assert.deepEqual(claimOf(first, slot(job), first)!.devices, ['serial-usb2-1'])
  assert.deepEqual(runners(world, slot(other)), [])
})

test('an own job of a search is played without them', () => {
  const [task] = withShortWaits(deviceJob()).groups[0]!.tasks
  assert.equal(task!.devices, undefined)
})

test('a system job has a copy on each board with the device', () => {
  const { world, boards, job } = begin([[adapter(1)], [], [adapter(1)]], deviceJob([ask()], { type: 'system' }))
  const ran = boards.filter((board) => board.tasks.size > 0).map(({ spec }) => spec.name)
  assert.deepEqual(ran, ['b0', 'b2'])
  plug(world, boards[1]!, [adapter(4)])
  world.run(10_000)
  assert.equal(boards[1]!.tasks.size, 1, job)
})
