// What binds tasks of the exec driver, with cgroups of version 2 whatever this machine has: the driver's own cases in a kernel of its own
// (user-mode-linux, a process like any other), over this machine's files, read-only.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

// The kernel needs a minute or two; one that hangs must not hold up the others.
test('the cases of cages hold with version 2', { timeout: 600_000 }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-own-kernel-'))
  // The memory of its processes is a file there.
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const run = `${process.execPath} --import tsx --test --test-reporter=tap test/acceptance/driver-exec-cages.test.ts`
  const init = join(root, 'test/support/own-kernel.sh')
  const disk = ['root=/dev/root', 'rootfstype=hostfs', 'rootflags=/', 'ro']
  const console = ['con0=null,fd:1', 'con=null', 'quiet', 'panic=1']
  // What the kernel does not know becomes the first program's environment; its words end at a blank unless they are quoted.
  const words = [`OWN_KERNEL_IN=${root}`, `"OWN_KERNEL_RUN=${run}"`]
  const kernel = spawn('linux.uml', ['mem=1G', ...disk, ...console, `init=${init}`, ...words], {
    env: { ...process.env, HOME: folder, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  t.after(() => tryKill(-kernel.pid!))
  let said = ''
  kernel.stdout.on('data', (data: Buffer) => void (said += data.toString()))
  await once(kernel, 'exit')
  assert.match(said, /^controllers: .*cpu.*memory.*pids/m, said)
  assert.match(said, /^ended with 0\r?$/m, said)
  assert.match(said, /^# pass [1-9]/m, said)
})

function tryKill(group: number): void {
  try {
    process.kill(group, 'SIGKILL')
  } catch {
    // It has switched itself off.
  }
}
