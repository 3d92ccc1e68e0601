import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { describe, it } from 'node:test'

/** Runs a program under the guard (limit in seconds); how it ended, as `code` or signal. */
function ended(limitSeconds: number, then: string): Promise<string> {
  const program = `
    import { startStuckGuard } from './node/stuck-guard.ts'
    const guard = startStuckGuard({ warn: (_data, message) => console.error(message) }, ${limitSeconds}, 200)
    ${then}
  `
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return new Promise((resolve) => child.on('close', (code, signal) => resolve(String(signal ?? code))))
}

describe('guard against a stuck agent', { concurrency: true }, () => {
  it('kills an agent whose event loop stands still', async () => {
    assert.equal(await ended(1, 'for (;;);'), 'SIGKILL')
  })

  it('leaves one alone that only lives for longer than the limit', async () => {
    assert.equal(await ended(4, 'setTimeout(() => { guard.stop(); process.exitCode = 7 }, 5_000)'), '7')
  })

  it('does not keep an agent from ending', async () => {
    assert.equal(await ended(60, ''), '0')
  })
})
