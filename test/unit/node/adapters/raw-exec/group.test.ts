import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { type Leader, isAlive, killTask, membersOf, signalTask } from '../../../../../node/adapters/raw-exec/group.ts'
import { bootId, parseStat, processOf } from '../../../../../node/adapters/raw-exec/proc.ts'

async function withSleeper(body: (leader: Leader, ended: Promise<unknown>) => Promise<void>): Promise<void> {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore', env: { SHOAL_TASK_ID: 'mine' } })
  const ended = once(child, 'exit')
  const pid = child.pid ?? 0
  const startTicks = processOf(pid)?.startTicks ?? ''
  try {
    await body({ pid, startTicks, bootId: bootId(), marker: 'SHOAL_TASK_ID=other', seen: true }, ended)
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

test('the name of a process may hold anything', () => {
  const rest = Array.from({ length: 30 }, (_, i) => String(i + 4)).join(' ')
  const found = parseStat(`77 (a) b (c d)) S 1 70 60 ${rest.split(' ').slice(3).join(' ')}`)
  assert.deepEqual(found, { pid: 77, state: 'S', group: 70, session: 60, startTicks: '22' })
  assert.equal(parseStat('nonsense'), undefined)
})

test('a leader is itself and nobody else', async () => {
  await withSleeper(async (leader) => {
    assert.equal(isAlive(leader), true)
    assert.equal(isAlive({ ...leader, startTicks: '1' }), false)
    assert.equal(isAlive({ ...leader, bootId: 'another boot' }), false)
    assert.equal(isAlive({ ...leader, bootId: '' }), false)
  })
})

test('whoever has the number of a process that is gone is not touched', async () => {
  await withSleeper(async (leader) => {
    const reused = { ...leader, startTicks: '1' }
    assert.deepEqual(membersOf(reused), [])
    signalTask(reused, 'SIGKILL')
    assert.equal(await killTask(reused), true)
    assert.equal(await killTask({ ...leader, bootId: 'another boot' }), true)
    assert.equal(isAlive(leader), true)
  })
})

test('a mark in the environment finds what left the session', async () => {
  await withSleeper(async (leader, ended) => {
    const marked = { ...leader, startTicks: '1', marker: 'SHOAL_TASK_ID=mine' }
    assert.deepEqual(membersOf(marked), [leader.pid])
    assert.deepEqual(membersOf({ ...marked, marker: 'SHOAL_TASK_ID=min' }), [])
    assert.equal(await killTask(marked), true)
    await ended
  })
})
