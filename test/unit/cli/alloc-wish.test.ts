// `alloc restart` and `alloc stop`: what they write into the job's document, and that a copy which has ended is no handle on the
// one that runs in its place.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import type { AllocRow } from '../../../crdt/api-jobs.ts'
import { type FakeMesh, allocRow, coverage } from '../../support/cli-fake-mesh.ts'
import { cliFleet, fakePeer } from '../../support/cli-fleet.ts'
import type { CliRun, TestCli } from '../../support/cli-io.ts'
import { jobText } from '../../support/cli-job.ts'

const slot = 'default/hello/main/0'

let mesh: FakeMesh
let cli: TestCli

beforeEach(async () => {
  ;({ cli, mesh } = await cliFleet())
  const job = join(cli.dir, 'job.yaml')
  await writeFile(job, jobText({}))
  assert.equal((await cli.run(['job', 'run', job, ...fakePeer])).exitCode, 0)
})

afterEach(async () => await cli.close())

/** The command, about a copy that the peer describes so. */
async function wish(what: 'restart' | 'stop', copy: Partial<AllocRow>): Promise<CliRun> {
  mesh.answer = (request) =>
    request.method === 'alloc.status'
      ? [{ kind: 'alloc', coverage: coverage(), alloc: { ...allocRow(slot, 0, copy), ports: {}, tasks: {}, form: '', over: [] } }]
      : undefined
  return await cli.run(['alloc', what, 'a0', ...fakePeer])
}

function register(name: string): unknown {
  return mesh.job('default/hello').registers.get(`wish/main/0/${name}`)
}

describe('wishes about a copy', () => {
  it('restart raises a number, stop names the generation', async () => {
    for (const count of [1, 2]) {
      const ran = await wish('restart', {})
      assert.equal(ran.exitCode, 0, ran.stderr)
      assert.match(ran.stdout, /^hello\/main\/0 \(a\w+ on board-0\) is to restart its tasks\nreceipt /)
      assert.equal(register('restart'), count)
    }
    const ran = await wish('stop', { generation: 3 })
    assert.match(ran.stdout, /is to stop; its slot is placed anew\n/)
    assert.equal(register('stop_generation'), 3)
  })

  it('an older copy beside takes no wish back', async () => {
    await wish('stop', { generation: 3 })
    await wish('stop', { generation: 2 })
    assert.equal(register('stop_generation'), 3)
  })

  it('a copy that has ended, or is about to, gets none', async () => {
    for (const what of ['restart', 'stop'] as const)
      for (const state of ['stopping', 'stopped', 'failed', 'withdrawn', 'complete'] as const) {
        const ran = await wish(what, { state, reason: 'replaced', holder: false })
        assert.equal(ran.exitCode, 1)
        assert.match(
          ran.stderr,
          new RegExp(`^error E_ALLOC_ENDED: hello/main/0 \\(a\\w+ on board-0\\) is ${state} \\(replaced\\); nothing`),
        )
        assert.equal(ran.stdout, '')
      }
    assert.deepEqual([register('restart'), register('stop_generation')], [undefined, undefined])
  })
})
