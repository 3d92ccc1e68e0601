import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createExitNotices } from '../../../../../node/adapters/task/exit-notices.ts'
import { exitOfStatus, unknownExit } from '../../../../../node/adapters/task/exit-status.ts'
import { createSerial } from '../../../../../node/adapters/task/serial.ts'
import { isTaskId } from '../../../../../node/adapters/task/task-id.ts'

test('a status above 128 names the signal', () => {
  assert.deepEqual(exitOfStatus(0), { exitCode: 0, signal: null, outOfMemory: false })
  assert.deepEqual(exitOfStatus(143), { exitCode: null, signal: 'SIGTERM', outOfMemory: false })
  assert.deepEqual(exitOfStatus(134), { exitCode: null, signal: 'SIGABRT', outOfMemory: false })
  assert.deepEqual(exitOfStatus(137, true), { exitCode: null, signal: 'SIGKILL', outOfMemory: true })
  assert.deepEqual(exitOfStatus(255), { exitCode: 255, signal: null, outOfMemory: false })
})

test('an exit that comes before its listener waits for it', () => {
  const notices = createExitNotices()
  const heard: string[] = []
  notices.tell('early', unknownExit)
  notices.listen((id) => heard.push(id))
  notices.tell('late', unknownExit)
  assert.deepEqual(heard, ['early', 'late'])
})

test('work for one task is done in turn, whatever becomes of it; other tasks do not wait', async () => {
  const serial = createSerial()
  const done: string[] = []
  let finish = (): void => undefined
  const first = serial('a', () => new Promise<void>((_, reject) => (finish = () => reject(new Error('no')))))
  const second = serial('a', async () => void done.push('second'))
  await serial('b', async () => void done.push('other'))
  assert.deepEqual(done, ['other'])
  finish()
  await assert.rejects(first, /no/)
  await second
  assert.deepEqual(done, ['other', 'second'])
})

test('a task id is harmless as a folder and as a name', () => {
  for (const good of ['0011aabb.01234567.app', 'a', 'A_b-c.d']) assert.ok(isTaskId(good), good)
  for (const bad of ['', '.', '..', '../x', 'a/b', '-a', 'a b', 'a\0', 'a'.repeat(201)]) assert.ok(!isTaskId(bad), bad)
})
