import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import type { NodeId } from '../../../../../crdt/ids.ts'
import { createRawExecDriver } from '../../../../../node/adapters/raw-exec/driver.ts'
import { openStore } from '../../../../../node/adapters/store-level.ts'
import { silentLog } from '../../../../../node/adapters/task/log.ts'
import type { TaskDriver, TaskRequest } from '../../../../../node/core/ports.ts'
import { collectExits, taskRequest, testNode, until } from '../../../../acceptance/driver-harness.ts'

let dataDir: string
let driver: TaskDriver
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'shoal-driver-'))
  driver = open()
})
afterEach(async () => {
  for (const task of await driver.adopt()) await driver.remove(task.id)
  await driver.close()
  rmSync(dataDir, { recursive: true, force: true })
})

function open(node: NodeId = testNode): TaskDriver {
  return createRawExecDriver({ node, dataDir, log: silentLog })
}

function script(text: string): TaskRequest {
  return taskRequest({
    driver: 'raw_exec',
    config: { command: '/bin/sh', args: ['-c', text], volumes: [], privileged: false, readOnlyRoot: false },
  })
}

function recordPath(task: TaskRequest): string {
  return join(dataDir, 'raw-exec', task.id, 'task.json')
}

interface Written {
  leader: { pid: number; startTicks: string; bootId: string }
}

function change(task: TaskRequest, how: (record: Written) => void): void {
  const record = JSON.parse(readFileSync(recordPath(task), 'utf8')) as Written
  how(record)
  writeFileSync(recordPath(task), JSON.stringify(record))
}

test("a task does not inherit the agent's store", async () => {
  const store = await openStore(join(dataDir, 'store'))
  assert.ok(store.ok)
  await store.value.write([{ key: 'a', value: Uint8Array.of(1) }], true)
  const exits = collectExits(driver)
  const task = script('ls -l /proc/self/fd; ls -l /proc/$PPID/fd')
  assert.ok((await driver.start(task)).ok)
  await exits.of(task.id)
  await store.value.close()
  const listed = readFileSync(join(dataDir, 'raw-exec', task.id, 'stdout.log'), 'utf8')
  assert.match(listed, /\/exit/)
  assert.doesNotMatch(listed, /\/store\//)
})

test('records are for the agent alone', async () => {
  const task = script('sleep 600')
  await driver.start(task)
  assert.equal(statSync(recordPath(task)).mode & 0o777, 0o600)
})

test('after a reboot a task has ended, with no known code, whoever has its number now', async () => {
  const task = script('sleep 600')
  await driver.start(task)
  const { leader } = JSON.parse(readFileSync(recordPath(task), 'utf8')) as Written
  change(task, (record) => (record.leader.bootId = 'the boot before'))
  const next = open()
  const exits = collectExits(next)
  assert.deepEqual(await next.adopt(), [])
  assert.deepEqual(await exits.of(task.id), { exitCode: null, signal: null, outOfMemory: false })
  assert.doesNotThrow(() => process.kill(leader.pid, 0))
  await next.close()
})

test('a supervisor that is killed is missed, also by an agent that adopted it, and takes its task with it', async () => {
  const task = script('sleep 600')
  await driver.start(task)
  await driver.close()
  driver = open()
  const exits = collectExits(driver)
  const { leader } = JSON.parse(readFileSync(recordPath(task), 'utf8')) as Written
  await driver.adopt()
  process.kill(leader.pid, 'SIGKILL')
  assert.deepEqual(await exits.of(task.id), { exitCode: null, signal: null, outOfMemory: false })
  await until('an empty session', () => !isSession(leader.pid))
})

function isSession(pid: number): boolean {
  try {
    process.kill(-pid, 0)
    return true
  } catch {
    return false
  }
}

test('damaged records and strangers’ folders are passed over', async () => {
  const folder = join(dataDir, 'raw-exec', 'some-task')
  mkdirSync(folder, { recursive: true })
  for (const text of ['', '{', 'null', '[]', '{"node":"x","task":{"id":"some-task"},"leader":{"pid":1}}']) {
    writeFileSync(join(folder, 'task.json'), text)
    assert.deepEqual(await driver.adopt(), [])
  }
})

test('tasks of another node in the same folder are left alone', async () => {
  const task = script('sleep 600')
  await driver.start(task)
  const other = open(`12D3KooW${'B'.repeat(44)}` as NodeId)
  const exits = collectExits(other)
  assert.deepEqual(await other.adopt(), [])
  await other.close()
  assert.deepEqual(exits.all, [])
  assert.equal((await driver.adopt()).length, 1)
})

test('a folder that cannot be written makes the driver unhealthy and refuses the start', async () => {
  writeFileSync(join(dataDir, 'raw-exec'), 'a file where a folder should be')
  const { health } = await driver.fingerprint()
  assert.equal(health.healthy, false)
  assert.match(health.reason, /cannot write to/)
  const started = await driver.start(script('exit 0'))
  assert.equal(started.ok ? '' : started.code, 'E_START')
  await assert.rejects(driver.adopt(), { code: 'ENOTDIR' }, 'not to be taken for a board on which nothing runs')
  rmSync(join(dataDir, 'raw-exec'))
})
