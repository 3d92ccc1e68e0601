import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findAccount } from '../../../../../node/adapters/raw-exec/account.ts'
import { plainAccount, resolveProgram } from '../../../../../node/adapters/raw-exec/program.ts'
import { taskFolder } from '../../../../../node/adapters/raw-exec/record.ts'
import type { TaskConfig } from '../../../../../crdt/spec.ts'
import { taskRequest } from '../../../../acceptance/driver-harness.ts'

const home = mkdtempSync(join(tmpdir(), 'shoal-program-'))
after(() => rmSync(home, { recursive: true, force: true }))

function resolve(config: Partial<TaskConfig>, env: Record<string, string> = {}): ReturnType<typeof resolveProgram> {
  const whole = { args: [], volumes: [], privileged: false, readOnlyRoot: false, ...config }
  const task = taskRequest({ driver: 'raw_exec', config: whole, env })
  return resolveProgram(task, taskFolder(home, task.id), { name: 'raw_exec', accountOf: plainAccount })
}

function refusal(config: Partial<TaskConfig>, env: Record<string, string> = {}): string {
  const answer = resolve(config, env)
  assert.ok(!answer.ok)
  assert.equal(answer.code, 'E_CONFIG')
  return answer.message
}

test('a program is found as a shell would find it, in the PATH of the task', () => {
  const own = join(home, 'own-program')
  writeFileSync(own, '#!/bin/sh\n')
  assert.match(refusal({ command: own }), /not executable: chmod \+x/)
  chmodSync(own, 0o755)
  const found = resolve({ command: 'own-program', args: ['x'] }, { PATH: `/nowhere:${home}` })
  assert.ok(found.ok)
  assert.equal(found.value.file, own)
  assert.deepEqual(found.value.args, ['x'])
  assert.match(refusal({ command: 'own-program' }), /'own-program' \(looked in \/usr/)
})

test('what can never work here is said in words', () => {
  assert.match(refusal({}), /config.command is missing/)
  assert.match(refusal({ command: '/no/such' }), /'\/no\/such' does not exist/)
  assert.match(refusal({ command: '/tmp' }), /does not exist/)
  assert.match(refusal({ command: 'sh', workDir: '/no/such/folder' }), /working directory '\/no\/such\/folder' does not exist/)
  assert.match(refusal({ command: 'sh', user: 'nobody-of-that-name' }), /user 'nobody-of-that-name' does not exist/)
})

test('the environment is the task’s own, with a way to find programs and a home', () => {
  const found = resolve({ command: 'sh' }, { A: '1', HOME: '/elsewhere' })
  assert.ok(found.ok)
  const { SHOAL_TASK_ID: mark, ...rest } = found.value.env
  assert.match(mark ?? '', /\.app$/)
  assert.deepEqual(Object.keys(rest).sort(), ['A', 'HOME', 'PATH'])
  assert.equal(rest['HOME'], '/elsewhere')
})

test('users and groups by name and by number', () => {
  const files = { passwd: 'root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/srv/app:/bin/sh\n', group: 'root:x:0:\nwheel:x:10:\n' }
  const found = (user: string): unknown => {
    const answer = findAccount(user, files)
    return answer.ok ? answer.value : answer.code
  }
  assert.deepEqual(found('app'), { uid: 1000, gid: 1001, home: '/srv/app', name: 'app' })
  assert.deepEqual(found('app:wheel'), { uid: 1000, gid: 10, home: '/srv/app', name: 'app' })
  assert.deepEqual(found('1000:7'), { uid: 1000, gid: 7, home: '/srv/app', name: 'app' })
  assert.deepEqual(found('4000'), { uid: 4000, gid: 4000, home: '/', name: '4000' })
  assert.equal(found('nobody'), 'E_CONFIG')
  assert.equal(found('app:nogroup'), 'E_CONFIG')
  assert.equal(found(''), 'E_CONFIG')
  // Numbers that the kernel takes for root's, or for none.
  for (const number of ['4294967295', '4294967296', '9999999999']) {
    assert.equal(found(number), 'E_CONFIG')
    assert.equal(found(`app:${number}`), 'E_CONFIG')
  }
})
