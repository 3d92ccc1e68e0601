// Two sites of one fleet that never meet: what is wished at one reaches the other on a stick.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import type { Board } from '../../../simulator/world.ts'
import type { TestCli } from '../../support/cli-io.ts'
import { jobText } from '../../support/cli-job.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { jobId } from '../../../crdt/ids.ts'
import { count } from '../../support/pool.ts'
import { areEqual, createWorld, runners, slot } from '../../support/world.ts'

const open: TestCli[] = []
afterEach(async () => {
  for (const cli of open.splice(0)) await cli.close()
})

const hello = slot(jobId('default', 'hello'), 0, 'main')

/** Sites of two boards each, an operator with a laptop at one of them, and files in its folder. */
async function sites() {
  const world = createWorld(4)
  const [b0, b1, b2, b3] = [...world.boards.values()] as [Board, Board, Board, Board]
  world.split([b0, b1], [b2, b3])
  world.bootAll()
  world.run(20_000)
  const at = { peer: b0 }
  const laptop = await cliOnWorld(world, () => at.peer)
  open.push(laptop)
  const path = (name: string): string => join(laptop.dir, name)
  const shoal = async (...argv: string[]) => await laptop.run(argv)
  const ok = async (...argv: string[]) => {
    const done = await shoal(...argv)
    assert.equal(done.exitCode, 0, `${argv.join(' ')}: ${done.stderr}`)
    return done.stdout
  }
  const submit = async (job: Parameters<typeof jobText>[0] = {}) => {
    await writeFile(path('job.yaml'), jobText(job))
    await ok('job', 'run', path('job.yaml'), '--detach')
    world.run(20_000)
  }
  return { world, here: b0, there: b2, at, path, shoal, ok, submit }
}

test('a job comes to a site that never meets the one where it was submitted; a second import changes nothing', async () => {
  const { world, there, at, path, ok, submit } = await sites()
  await submit()
  assert.equal(runners(world, hello).length, 1)
  assert.match(
    await ok('sync', 'export', path('stick')),
    /stick: \d+ changes of \d+ documents, \d+ bytes\nat the other site: shoal sync import /,
  )
  at.peer = there
  assert.match(await ok('sync', 'import', path('stick')), /job\/default\/hello +default +\d+ +taken/)
  world.run(120_000)
  assert.equal(runners(world, hello).length, 2, 'a copy at each site: neither hears of the other')
  const starts = count(world, 'start')
  const again = await ok('sync', 'import', path('stick'))
  assert.match(again, /job\/default\/hello +default +0 +nothing new/)
  assert.doesNotMatch(again, /taken|refused/)
  world.run(60_000)
  assert.equal(count(world, 'start'), starts)
  world.heal()
  world.until('one fleet', () => areEqual([...world.boards.values()]) && runners(world, hello).length === 1, 120_000)
})

test('with --since only what is new travels; a site that lacks the rest says so and takes nothing of that document', async () => {
  const { there, at, path, shoal, ok, submit } = await sites()
  await submit()
  await ok('sync', 'export', path('first'))
  await submit({ count: 2 })
  const told = JSON.parse(await ok('sync', 'export', path('second'), '--since', path('first'), '-o', 'json')) as { changes: number }
  assert.equal(told.changes, 1)
  const third = JSON.parse(await ok('sync', 'export', path('third'), '--since', path('second'), '-o', 'json')) as { changes: number }
  assert.equal(third.changes, 0, 'what the earlier file left out is left out again')
  at.peer = there
  const early = await shoal('sync', 'import', path('second'))
  assert.equal(early.exitCode, 1)
  assert.match(early.stdout, /hello .*refused: E_MISSING: .*export it whole/)
  await ok('sync', 'import', path('first'))
  assert.match(await ok('sync', 'import', path('second')), /hello +default +1 +taken/)
  assert.match(await ok('job', 'inspect', 'hello'), /count: 2|"count": 2/)
})

interface Written {
  readonly documents: readonly { readonly id: string; readonly envelopes: string[] }[]
}

/** One letter in the middle of a change of a job. */
function forge(value: Written): Written {
  const { envelopes } = value.documents.find(({ id }) => id.startsWith('job/'))!
  const [text = ''] = envelopes
  const middle = text.length >> 1
  envelopes[0] = `${text.slice(0, middle)}${text[middle] === 'A' ? 'B' : 'A'}${text.slice(middle + 1)}`
  return value
}

test('a file that is damaged, of another fleet, or forged is refused, and an earlier one is never written over', async () => {
  const { there, at, path, shoal, ok, submit } = await sites()
  await submit()
  await ok('sync', 'export', path('stick'))
  assert.match((await shoal('sync', 'export', path('stick'))).stderr, /error E_EXISTS: /)
  const bytes = await readFile(path('stick'))
  const text = (await promisify(gunzip)(bytes)).toString('utf8')
  const altered = async (name: string, change: (value: Written) => unknown): Promise<string> => {
    await writeFile(path(name), await promisify(gzip)(JSON.stringify(change(JSON.parse(text) as Written))))
    return path(name)
  }
  await writeFile(path('cut'), bytes.subarray(0, bytes.length >> 1))
  await writeFile(path('text'), 'job: hello\n')
  at.peer = there
  const cases: [string, RegExp][] = [
    [path('cut'), /E_SYNC_FILE: .*unexpected end of file/],
    [path('text'), /E_SYNC_FILE: /],
    [path('nowhere'), /E_FILE: cannot read/],
    [await altered('other-fleet', (value) => ({ ...value, fleet: 'ff'.repeat(32) })), /E_FLEET: .*another fleet/],
    [await altered('other-shape', (value) => ({ ...value, more: 1 })), /E_SYNC_FILE: /],
  ]
  for (const [file, words] of cases) {
    const ran = await shoal('sync', 'import', file)
    assert.equal(ran.exitCode, 1, file)
    assert.match(ran.stderr, words)
  }
  const forged = await shoal('sync', 'import', await altered('forged', forge))
  assert.equal(forged.exitCode, 1)
  assert.match(forged.stdout, /job\/default\/hello +default +0 +refused: E_\w+: /)
  assert.match((await shoal('job', 'status', 'hello')).stderr, /E_(JOB|NOT_FOUND|NO_JOB)\w*/)
})
