// Devices of copies that start again, wait, or are updated while their driver says nothing: who has what open is known from what may run.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobDocId } from '../../../crdt/ids.ts'
import type { JobSpec } from '../../../crdt/spec.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { fingerprintOf } from '../../../simulator/tasks.ts'
import { submission } from '../../../simulator/operator.ts'
import { plug } from '../../../simulator/plugs.ts'
import { adapter, ask, deviceJob, inUse, shared, told } from '../../support/devices.ts'
import { bootPool } from '../../support/pool.ts'
import { claimOf, edit, runJob, slot } from '../../support/world.ts'

/** A driver that says nothing until it is `answer`ed for. */
function silence({ tasks }: World, board: Board): void {
  board.isDriverSilent = true
  tasks.refuse = () => (board.isDriverSilent ? 'E_DRIVER_DOWN' : null)
}

function answer(world: World, board: Board): void {
  const now = world.queue.now
  board.isDriverSilent = false
  world.feed(board, { kind: 'adopted', now, running: [...board.tasks.values()] })
  world.feed(board, { kind: 'fingerprint', now, driver: 'raw_exec', fingerprint: fingerprintOf('raw_exec') })
}

for (const [what, spec] of [
  ['one copy with both', deviceJob([ask({ count: 2 })])],
  ['two copies', deviceJob([ask()], { count: 2 })],
] as const)
  for (const isSilent of [false, true])
    test(`two adapters that have changed names after a power cut go on with ${what}${isSilent ? ', once a slow driver answers' : ''}`, () => {
      const { world, first } = bootPool(1, { board: () => ({ devices: [adapter(1, '/dev/ttyUSB0'), adapter(2, '/dev/ttyUSB1')] }) })
      world.run(2_000)
      const job = runJob(world, first, spec)
      world.run(10_000)
      world.powerCut(first)
      first.devices = [adapter(1, '/dev/ttyUSB1'), adapter(2, '/dev/ttyUSB0')]
      if (isSilent) silence(world, first)
      world.boot(first)
      world.run(20_000)
      if (isSilent) {
        assert.deepEqual(inUse(first), {})
        answer(world, first)
      }
      world.run(10_000)
      const used = Object.values(inUse(first)).flat().toSorted()
      assert.deepEqual(used, ['serial-usb2-1 /dev/ttyUSB1', 'serial-usb2-2 /dev/ttyUSB0'])
      assert.equal(claimOf(first, slot(job), first)!.generation, 1)
    })

test('a former form that runs on under a silent driver has its device until the driver has stopped it', () => {
  const { world, first } = bootPool(1, { board: () => ({ devices: [adapter(1)] }) })
  world.run(2_000)
  const job = runJob(world, first, deviceJob([ask()], { command: '/bin/a' }))
  world.run(10_000)
  world.tasks.stopMs = 8_000
  edit(world, first, jobDocId(job), 'default', submission(deviceJob([ask()], { command: '/bin/b' })))
  world.until('it makes way', () => first.core!.state!.allocs.get(slot(job))!.leaving.size > 0, 6_000)
  // The agent ends, and with it the stop.
  world.kill(first)
  silence(world, first)
  world.boot(first)
  world.run(8_000)
  assert.equal(first.core!.state!.allocs.get(slot(job))!.devicesBefore.length, 1)
  world.watch = (board, _event, act) => {
    const effects = act()
    assert.deepEqual(shared(board), [])
    return effects
  }
  // It takes what it is asked for before it has told what it runs.
  first.isDriverSilent = false
  world.run(10_000)
  assert.match(claimOf(first, slot(job), first)!.reason, /^device-waits: serial-usb2-1 may still be in use/)
  answer(world, first)
  world.run(40_000)
  assert.deepEqual(Object.values(inUse(first)), [['serial-usb2-1 /dev/ttyUSB1']])
  assert.match([...first.tasks.keys()].join(), new RegExp(first.core!.state!.allocs.get(slot(job))!.body.form.slice(0, 8)))
  assert.equal(first.core!.state!.allocs.get(slot(job))!.devicesBefore.length, 0)
})

/** Another task beside the one that has the device. */
function withSibling(spec: JobSpec): JobSpec {
  const groups = spec.groups.map((group) => {
    const [task] = group.tasks
    const { devices: _, ...sibling } = task!
    return { ...group, tasks: [task!, { ...sibling, name: 'zz', killTimeoutMs: 300_000 }] }
  })
  return { ...spec, groups }
}

test('a copy that waits for a device sleeps while a former form or another task of it is on its way out', () => {
  for (const isUpdate of [true, false]) {
    const { world, first } = bootPool(1, { board: () => ({ devices: [adapter(1)] }) })
    world.run(2_000)
    const job = runJob(world, first, withSibling(deviceJob([ask()], { command: '/bin/a' })))
    world.run(60_000)
    plug(world, first, [])
    const { task } = [...first.tasks.values()].find(({ devices }) => devices !== undefined)!
    world.crash(first, slot(job), task)
    world.run(40_000)
    assert.match(claimOf(first, slot(job), first)!.reason, /^device-waits: /)
    world.tasks.stopMs = 200_000
    if (isUpdate) edit(world, first, jobDocId(job), 'default', submission(withSibling(deviceJob([ask()], { command: '/bin/b' }))))
    // As a check does that has failed.
    else first.core!.state!.allocs.get(slot(job))!.body.tasks.get('zz')!.phase = 'stopping'
    let ticks = 0
    world.watch = (_board, event, act) => {
      if (event.kind === 'tick') assert.ok(++ticks < 2_000, 'it spins')
      return act()
    }
    world.run(90_000)
    assert.equal(first.core!.state!.allocs.size, 1, String(isUpdate))
  }
})

test('an adapter whose driver is not bound is no USB device for another while a copy has it as a serial port', () => {
  const port = adapter(1, '/dev/ttyUSB0', { unit: 'usb2-1/1-1:1.0/ttyUSB0' })
  const { world, first } = bootPool(1, { board: () => ({ devices: [port] }) })
  world.run(2_000)
  const job = runJob(world, first, deviceJob([ask()]))
  runJob(world, first, deviceJob([ask({ name: 'usb' })], { name: 'other' }))
  world.run(10_000)
  plug(world, first, [{ ...port, key: 'usb-usb2-1', type: 'usb', path: '/dev/bus/usb/001/003', unit: 'usb2-1' }])
  world.run(20_000)
  assert.deepEqual([inUse(first), shared(first)], [{ [slot(job)]: ['serial-usb2-1 /dev/ttyUSB0'] }, []])
  assert.match(told(first)['usb-usb2-1']!, /^a copy still has serial-usb2-1/)
  // An agent that is killed knows it from the driver.
  world.kill(first)
  world.boot(first)
  world.run(20_000)
  assert.deepEqual(Object.keys(inUse(first)), [slot(job)])
})
