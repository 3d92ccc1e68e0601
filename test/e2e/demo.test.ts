// The tour that `npm start` gives, as a user gets it: unattended it checks itself and cleans up; attended it stays up until Ctrl-C
// and then leaves nothing behind.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { undoAtExit } from './support/cleanup.ts'
import { until } from './support/fleet.ts'
import { pidsWith, tryKill } from './support/processes.ts'
import { program } from './support/program.ts'
import { ended, run } from './support/run.ts'

// Everything that the demo makes is below its temporary folder, and so is whatever it starts.
const folder = mkdtempSync(join(tmpdir(), 'shoal-e2e-demo-'))
const env = { TMPDIR: folder, HOME: folder, NO_COLOR: '1' }
const undo = undoAtExit(() => {
  for (const pid of pidsWith(folder)) tryKill(pid)
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
})
process.on('beforeExit', undo)

/** Nothing runs and nothing lies about. */
async function nothingLeft(): Promise<void> {
  await until('no process is left', 30_000, async () => pidsWith(folder).length === 0)
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.startsWith('shoal-')),
    [],
  )
}

test('demo --yes: told and checked to the end, exit code 0, within two minutes, nothing left', async (t) => {
  const ran = await run(program, ['demo', '--yes'], { env })
  t.diagnostic(`${ran.ms} ms`)
  assert.equal(ran.code, 0, ran.output)
  for (const words of [/three agents/i, /2 of 2 copies healthy/, /no longer hears/, /kept the copy/]) assert.match(ran.output, words)
  assert.ok(ran.ms < 120_000, `it took ${ran.ms} ms`)
  await nothingLeft()
})

test('demo: it stays up to play with, its commands work, and Ctrl-C stops everything', async () => {
  const child = spawn(program, ['demo'], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  await until('it invites to play', 180_000, async () => {
    assert.equal(child.exitCode, null, output)
    return output.includes('Ctrl-C stops everything')
  })
  const configDir = /SHOAL_CONFIG_DIR=(\S+)/.exec(output)?.[1] ?? ''
  assert.ok(existsSync(configDir), output)
  const status = await run(program, ['status'], { env: { ...env, SHOAL_CONFIG_DIR: configDir } })
  assert.equal(status.code, 0, status.output)
  assert.match(status.output, /3 of 3 nodes alive/)
  child.kill('SIGINT')
  await ended(child)
  await nothingLeft()
})

/** In the middle of its story, with a job that runs. */
async function midStory(): Promise<ChildProcess> {
  const child = spawn(program, ['demo', '--yes'], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  await until('a job runs', 120_000, async () => /copies healthy/.test(output))
  return child
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  test(`demo, ${signal} in the middle of its story: cleans up as well`, async () => {
    const child = await midStory()
    child.kill(signal)
    assert.equal(await ended(child), 130)
    await nothingLeft()
  })

test('demo, a second signal while it cleans up: ends at once and leaves nothing either', async () => {
  const child = await midStory()
  child.kill('SIGINT')
  // So soon after the first it would count as its echo.
  await new Promise((done) => setTimeout(done, 600))
  child.kill('SIGTERM')
  await ended(child)
  assert.equal(child.signalCode, 'SIGTERM')
  await nothingLeft()
})
