// A full queue drops the newest frame, and that may be the first one of a connection. Two boards that are connected and do not know who
// the other is must not stay so.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeFrame } from '../../../node/core/wire.ts'
import { allAlive, areEqual, createWorld, jobSpec, runJob } from '../../support/world.ts'

for (const lost of ['b0', 'b1', 'both'] as const) {
  test(`the hello of ${lost} is lost: the connection begins anew, and the two become one pool`, () => {
    const world = createWorld(2)
    const boards = [...world.boards.values()]
    const { send } = world.links
    let isBad = true
    world.links.send = (from, to, frame) => {
      const decoded = decodeFrame(frame)
      const isHello = decoded.ok && decoded.value.kind === 'hello'
      if (isBad && isHello && (lost === 'both' || from.spec.name === lost)) return false
      return send.call(world.links, from, to, frame)
    }
    world.bootAll()
    world.run(10_000)
    assert.equal(allAlive(boards), false)
    isBad = false
    world.until('both are alive', () => allAlive(boards), 30_000)
    runJob(world, boards[0]!, jobSpec({ count: 2 }))
    world.run(10_000)
    assert.ok(areEqual(boards))
  })
}
