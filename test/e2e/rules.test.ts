// The rules that protect an operator in the first real outage, with real agents on loopback and injected cuts: a board alone in a pool
// of ten starts nothing that it did not hold; a site of two survives the loss of one; a new version whose program cannot be
// had never stops the copy that runs.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { type Agent, Fleet, aliveOn, allocsOf, ask, holders, taskPids, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'

const fleets: Fleet[] = []

after(async () => {
  for (const fleet of fleets) await fleet.stop()
})

async function site(size: number): Promise<{ fleet: Fleet; boards: Agent[] }> {
  const fleet = new Fleet()
  fleets.push(fleet)
  const addresses = await loopbacks(size)
  await fleet.init(addresses.slice(0, 3))
  const boards: Agent[] = []
  for (const [index, listen] of addresses.entries()) {
    const board = fleet.start(`n${index}`, { listen })
    boards.push(board)
    // One after the other: that all start at once is the business of netns-twenty.
    await until(`${board.name} is up`, 120_000, async () => (await aliveOn(board)).length > 0)
  }
  for (const board of boards) {
    await until(`${board.name} sees all`, 240_000, async () => (await aliveOn(board)).length === size).catch((error: unknown) => {
      throw new Error(fleet.logs(10), { cause: error })
    })
  }
  return { fleet, boards }
}

async function cut(board: Agent, peers: readonly string[] | null): Promise<void> {
  await ask(board, 'done', { method: 'fault.cut', peers })
}

function running(board: Agent, name: string): Promise<string[]> {
  return allocsOf(board, name).then((allocs) =>
    allocs.filter((alloc) => alloc.state === 'running' && alloc.nodeName === board.name).map((alloc) => alloc.slot),
  )
}

test('a board alone in a pool of ten starts nothing that it did not hold; the nine go on; after the heal one holder each', async () => {
  const { fleet, boards } = await site(10)
  const ran = await fleet.runJob(boards[0]!, job('web', { count: 10 }))
  assert.equal(ran.code, 0, ran.output)
  const alone = boards[9]!
  const held = await running(alone, 'web')
  assert.equal(held.length, 1)
  const pids = taskPids(alone)
  await cut(alone, null)
  const witness = boards[0]!
  await until('the nine have replaced its copy', 240_000, async () => {
    const where = Object.values(await holders(witness, 'web'))
    return where.length === 10 && !where.includes(alone.name)
  })
  // They waited for replace_after, began later than it did, and are done: whatever it meant to replace, it would have by now.
  await until('it has lost all the others', 120_000, async () => (await aliveOn(alone)).length === 1)
  const { slots } = await ask(alone, 'explain', { method: 'job.explain', job: 'web' })
  const reasons = new Set(slots.filter((slot) => !held.includes(slot.slot)).map((slot) => slot.reason?.split(':')[0]))
  await until('its reason is that it is the smaller side', 120_000, async () => {
    const now = await ask(alone, 'explain', { method: 'job.explain', job: 'web' })
    return now.slots.every((slot) => held.includes(slot.slot) || slot.reason?.startsWith('partition-half') === true)
  }).catch((error: unknown) => {
    throw new Error(`reasons: ${[...reasons].join(', ')}`, { cause: error })
  })
  assert.deepEqual(await running(alone, 'web'), held)
  assert.deepEqual(taskPids(alone), pids, 'what it held was not touched')
  await cut(alone, [])
  for (const board of boards) {
    await until(`${board.name}: one holder each, and the original kept its slot`, 240_000, async () => {
      const allocs = (await allocsOf(board, 'web')).filter((alloc) => alloc.state === 'running')
      return (
        allocs.length === 10 &&
        new Set(allocs.map((alloc) => alloc.slot)).size === 10 &&
        allocs.some((alloc) => alloc.slot === held[0] && alloc.nodeName === alone.name)
      )
    })
  }
  assert.deepEqual(taskPids(alone), pids)
  await fleet.stop()
})

test('a site of two survives the loss of one, and a new version that cannot start stops nothing', async () => {
  const { fleet, boards } = await site(2)
  const [first, second] = boards as [Agent, Agent]
  const ran = await fleet.runJob(first, job('web', { count: 2 }))
  assert.equal(ran.code, 0, ran.output)
  const lost = Object.entries(await holders(first, 'web')).find(([, name]) => name === second.name)![0]
  await fleet.powerCut(second)
  await until('the other one took over', 120_000, async () => (await holders(first, 'web'))[lost] === first.name)
  fleet.launch(second)
  await until('both are back', 120_000, async () => (await aliveOn(first)).length === 2)
  const whole = await until('one holder each', 120_000, async () => {
    const allocs = (await allocsOf(first, 'web')).filter((alloc) => alloc.state === 'running')
    return allocs.length === 2 ? await holders(first, 'web') : false
  })
  const pids = [...taskPids(first), ...taskPids(second)].toSorted((a, b) => a - b)
  const bad = JSON.parse(JSON.stringify(job('web', { count: 2 }))) as { groups: { g: { tasks: { app: { config: object } } } } }
  bad.groups.g.tasks.app.config = { command: '/no/such/program' }
  const update = await fleet.runJob(first, bad, '--follow', '20s')
  assert.equal(update.code, 2, update.output)
  assert.match(update.output, /no\/such\/program/)
  assert.deepEqual(await holders(first, 'web'), whole)
  assert.deepEqual(
    [...taskPids(first), ...taskPids(second)].toSorted((a, b) => a - b),
    pids,
    'the copies of the old version run on',
  )
})
