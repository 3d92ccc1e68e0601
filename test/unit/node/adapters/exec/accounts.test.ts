import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AccountRules, execAccount } from '../../../../../node/adapters/exec/accounts.ts'
import { dropping } from '../../../../../node/adapters/exec/cage.ts'

const files = {
  passwd:
    'root:x:0:0::/root:/bin/sh\ntoor:x:0:5::/root:/bin/sh\napp:x:1000:1001::/no/such/home:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  group: 'root:x:0:\nwheel:x:10:\n',
}
const rules: AccountRules = { user: 'nobody', users: [], allowRoot: false }

function uidOf(user: string | undefined, changes: Partial<AccountRules> = {}): number | string {
  const found = execAccount(user, { ...rules, ...changes }, files)
  return found.ok ? found.value.uid : found.code
}

test('a task is its own user, else that of the board’s owner', () => {
  const users = ['app']
  assert.deepEqual([uidOf('app', { users }), uidOf(undefined), uidOf(undefined, { user: 'app' })], [1000, 65_534, 1000])
  assert.equal(uidOf('nosuch'), 'E_CONFIG')
  assert.equal(uidOf(undefined, { user: 'nosuch' }), 'E_CONFIG')
})

test('a job names only users that the owner lists, and no group but their own or a listed one', () => {
  const refused = ['app', '1000', 'nobody:wheel', 'nobody:10', 'nobody:7', '65534:10', '4242', 'app:wheel']
  for (const name of refused) assert.equal(uidOf(name), 'E_CONFIG', name)
  const found = execAccount('nobody:wheel', rules, files)
  assert.match(found.ok ? '' : found.message, /does not let tasks run as 'nobody:wheel'.*drivers\.exec\.users/)
  for (const name of ['nobody', '65534', 'nobody:65534', '65534:65534']) assert.equal(uidOf(name), 65_534, name)
  const users = ['app:wheel', 'no-such-user']
  for (const name of ['app', 'app:wheel', '1000:10', '1000', 'app:1001']) assert.equal(uidOf(name, { users }), 1000, name)
  for (const name of ['nobody:wheel', 'app:7', 'no-such-user']) assert.equal(uidOf(name, { users }), 'E_CONFIG', name)
  assert.deepEqual([uidOf('app:7', { allowRoot: true }), uidOf(undefined, { user: 'nobody:wheel' })], ['E_CONFIG', 65_534])
})

test('root, by whatever name, number or group, only where it is allowed; also as the owner’s word for all', () => {
  const names = ['root', 'toor', '0', '000', 'app:root', 'app:0', '7:00']
  assert.deepEqual(
    names.map((name) => uidOf(name)),
    names.map(() => 'E_CONFIG'),
  )
  assert.equal(uidOf(undefined, { user: 'root' }), 'E_CONFIG')
  assert.deepEqual(
    names.map((name) => uidOf(name, { allowRoot: true })),
    [0, 0, 0, 0, 1000, 1000, 7],
  )
})

test('a home that is not there is /tmp, which is the task’s own', () => {
  const found = execAccount('app', { ...rules, users: ['app'] }, files)
  assert.equal(found.ok && found.value.home, '/tmp')
})

test('rights are given up for good; root that is allowed keeps its own, and gains none', () => {
  const account = { uid: 1000, gid: 10, home: '/', name: 'app' }
  const ids = ['--reuid', '1000', '--regid', '10', '--clear-groups', '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all']
  assert.deepEqual(dropping(account), ['setpriv', ...ids, '--'])
  const asRoot = dropping({ ...account, uid: 0 })
  assert.ok(asRoot.includes('--no-new-privs') && !asRoot.includes('--bounding-set=-all'))
})
