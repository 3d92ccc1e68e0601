import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findCgroups, parentsOf } from '../../../../../node/adapters/exec/cgroup-place.ts'

const unified = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0\n'
const hybrid = `tmpfs /sys/fs/cgroup tmpfs ro,mode=755 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0
`

function find(mounts: string, offered = 'cpuset cpu io memory pids\n'): ReturnType<typeof findCgroups> {
  return findCgroups(`/dev/root / ext4 rw 0 0\n${mounts}`, 'shoal', () => offered)
}

function refusal(mounts: string, offered?: string): string {
  const found = find(mounts, offered)
  assert.ok(!found.ok)
  return found.message
}

test('one hierarchy with all controllers is v2', () => {
  const found = find(unified)
  assert.ok(found.ok)
  const at = '/sys/fs/cgroup'
  assert.deepEqual(found.value, { version: 2, mounts: { cpu: at, memory: at, pids: at }, parent: 'shoal' })
  assert.deepEqual(parentsOf(found.value), ['/sys/fs/cgroup/shoal'])
})

test('v2 without controllers beside v1 is v1, each controller where it is mounted', () => {
  const found = find(hybrid, '\n')
  assert.ok(found.ok)
  assert.deepEqual([found.value.version, parentsOf(found.value)], [
    1,
    ['/sys/fs/cgroup/cpu,cpuacct/shoal', '/sys/fs/cgroup/memory/shoal', '/sys/fs/cgroup/pids/shoal'],
  ]) // prettier-ignore
})

test('of several mounts of v2 it is one that can be written to, and the usual one before others', () => {
  const at = (mounts: string): string => {
    const found = find(mounts)
    return found.ok ? found.value.mounts.cpu : found.message
  }
  const [other, closed] = [unified.replace('/sys/fs/cgroup', '/mnt/other'), unified.replace(' rw,', ' ro,')]
  assert.deepEqual([at(other + unified), at(unified + other)], ['/sys/fs/cgroup', '/sys/fs/cgroup'])
  assert.deepEqual([at(closed + other), at(closed)], ['/mnt/other', '/sys/fs/cgroup'])
})

test('a path with a blank is read as it is', () => {
  const found = find(unified.replace('/sys/fs/cgroup', '/my\\040cgroups'))
  assert.ok(found.ok)
  assert.equal(found.value.mounts.cpu, '/my cgroups')
})

test('what is missing is named, with a way to get it', () => {
  assert.match(refusal(''), /none are mounted here: mount cgroup2 on \/sys\/fs\/cgroup/)
  assert.match(
    refusal(unified, 'cpuset cpu io pids\n'),
    /missing here: memory \(on a Raspberry Pi: add cgroup_enable=memory to cmdline\.txt/,
  )
  assert.match(refusal(unified, 'cpu memory\n'), /missing here: pids$/)
  const stray = 'cgroup /sys/fs/cgroup/net_cls cgroup rw,net_cls 0 0\n'
  assert.match(refusal(unified + stray, 'cpu memory\n'), /missing here: pids$/)
  assert.match(refusal(hybrid.replace(/.*,memory.*\n/, ''), '\n'), /missing here: memory \(/)
})
