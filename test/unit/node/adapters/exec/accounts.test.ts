import assert from 'node:assert/strict'
import { test } from 'node:test'
import { execAccount } from '../../../../../node/adapters/exec/accounts.ts'
import { dropping } from '../../../../../node/adapters/exec/cage.ts'

const files = {
  passwd:
    'root:x:0:0::/root:/bin/sh\ntoor:x:0:5::/root:/bin/sh\napp:x:1000:1001::/no/such/home:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
  group: 'root:x:0:\nwheel:x:10:\n',
}
const rules = { user: 'nobody', allowRoot: false }

function uidOf(user: string | undefined, changes: Partial<typeof rules> = {}): number | string {
  const found = execAccount(user, { ...rules, ...changes }, files)
  return found.ok ? found.value.uid : found.code
}

test('a task is its own user, else that of the board’s owner', () => {
  assert.deepEqual([uidOf('app'), uidOf(undefined), uidOf(undefined, { user: 'app' }), uidOf('app:wheel')], [1000, 65_534, 1000, 1000])
  assert.equal(uidOf('nosuch'), 'E_CONFIG')
  assert.equal(uidOf(undefined, { user: 'nosuch' }), 'E_CONFIG')
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
  const found = execAccount('app', rules, files)
  assert.equal(found.ok && found.value.home, '/tmp')
})

test('rights are given up for good; root that is allowed keeps its own, and gains none', () => {
  const account = { uid: 1000, gid: 10, home: '/', name: 'app' }
  const ids = ['--reuid', '1000', '--regid', '10', '--clear-groups', '--no-new-privs', '--inh-caps=-all', '--bounding-set=-all']
  assert.deepEqual(dropping(account), ['setpriv', ...ids, '--'])
  const asRoot = dropping({ ...account, uid: 0 })
  assert.ok(asRoot.includes('--no-new-privs') && !asRoot.includes('--bounding-set=-all'))
})
