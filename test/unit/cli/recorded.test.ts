// `job compact`, `node compact`, `job status --who` and `job run --wait` against a peer that judges with the real gate: who has recorded what, when
// nothing is sent, what is said, what is sent.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import type { WhoHas } from '../../../cli/job/who-has.ts'
import type { RecordedRow } from '../../../crdt/api-nodes.ts'
import { opsDocId } from '../../../crdt/ids.ts'
import { type FakeMesh, coverage, fakeNodes, nodeRow } from '../../support/cli-fake-mesh.ts'
import { cliFleet, fakePeer } from '../../support/cli-fleet.ts'
import type { CliRun, TestCli } from '../../support/cli-io.ts'
import { type JobFileLike, jobText } from '../../support/cli-job.ts'

let mesh: FakeMesh
let cli: TestCli

beforeEach(async () => {
  ;({ cli, mesh } = await cliFleet())
})

afterEach(async () => await cli.close())

async function run(...argv: string[]): Promise<CliRun> {
  mesh.requests.length = 0
  return await cli.run([...argv, ...fakePeer])
}

async function runText(text: string): Promise<void> {
  const file = join(cli.dir, 'job.yaml')
  await writeFile(file, text)
  const ran = await run('job', 'run', file, '--detach')
  assert.equal(ran.exitCode, 0, ran.stderr)
}

const runJob = (job: JobFileLike): Promise<void> => runText(jobText(job))
const puts = (): number => mesh.requests.filter((request) => request.method === 'doc.put').length

/** What one board has recorded or how it is, other than the rest. */
function unlike(index: number, change: Partial<RecordedRow>): void {
  mesh.recorded = (row) => (row.node === fakeNodes[index] ? { ...row, ...change } : row)
}

describe('job status --who', () => {
  it('lists first the boards that have it not, and how long they are silent', async () => {
    await runJob({ count: 2 })
    unlike(2, { digest: null, liveness: 'disconnected' })
    mesh.answer = ({ method }) =>
      method === 'node.list'
        ? [{ kind: 'nodes', coverage: coverage(), nodes: [0, 1, 2].map((n) => nodeRow(n, { silentMs: n === 2 ? 7_200_000 : 0 })) }]
        : undefined
    const told = await run('job', 'status', 'hello', '--who')
    assert.equal(told.exitCode, 0, told.stderr)
    const [head, , first, second] = told.stdout.split('\n')
    assert.equal(head, '2 of 3 nodes have job hello as board-0 has it')
    assert.match(first!, /^board-2 .* no +disconnected +2h$/)
    assert.match(second!, /^board-0 .* yes +alive +-$/)
    unlike(1, { digest: 'f'.repeat(64) })
    const data = JSON.parse((await run('job', 'status', 'hello', '--who', '-o', 'json')).stdout) as WhoHas
    assert.deepEqual(
      data.nodes.map(({ name, has }) => `${name} ${has}`),
      ['board-1 other', 'board-0 same', 'board-2 same'],
    )
  })

  it('needs a job, and one that the peer knows', async () => {
    const bare = await run('job', 'status', '--who')
    assert.equal(bare.exitCode, 1)
    assert.match(bare.stderr, /E_USAGE: --who needs a job/)
    mesh.recorded = (row) => ({ ...row, digest: null })
    assert.match((await run('job', 'status', 'nowhere', '--who')).stderr, /E_JOB_UNKNOWN: board-0 knows no job nowhere/)
  })
})

describe('job compact', () => {
  it('drops the history and keeps what the job says', async () => {
    for (const priority of [10, 20, 30]) await runJob({ count: 2, priority })
    await run('job', 'stop', 'hello')
    const before = mesh.job('default/hello')
    const done = await run('job', 'compact', 'hello')
    assert.equal(done.exitCode, 0, done.stderr)
    assert.match(
      done.stdout,
      /^job hello is compacted: 4 changes of \d{4} bytes → 1 change of \d{3,4} bytes, epoch 2\nreceipt for job\/default\/hello: 1 node of 3 has it: board-0\n$/,
    )
    assert.equal(done.stderr, '')
    const after = mesh.job('default/hello')
    assert.deepEqual([after.epoch, after.base, after.changeCount], [2, 4, 1])
    assert.deepEqual(
      new Map([...after.registers].toSorted()),
      new Map([...before.registers].filter(([, value]) => value !== null).toSorted()),
    )
    assert.equal(after.registers.get('state/by'), 'ada')
  })

  it('has nothing to do when there is no history', async () => {
    await runJob({})
    const done = await run('job', 'compact', 'hello')
    assert.equal(done.exitCode, 0, done.stderr)
    assert.equal(done.stdout, 'job hello: nothing to do, its history is 1 edit long\n')
    assert.equal(puts(), 0)
    const data = JSON.parse((await run('job', 'compact', 'hello', '-o', 'json')).stdout) as { receipt: null; before: { changes: number } }
    assert.deepEqual([data.receipt, data.before.changes], [null, 1])
  })

  it('sends nothing while a board has recorded other heads, none, or is silent, and names it', async () => {
    await runJob({ priority: 10 })
    await runJob({ priority: 20 })
    const cases: readonly [Partial<RecordedRow>, string][] = [
      [{ digest: '0'.repeat(16) }, 'board-1: has recorded other heads'],
      [{ digest: null }, 'board-1: has recorded nothing of it'],
      [{ liveness: 'disconnected' }, 'board-1: disconnected, has recorded these heads before'],
      [{ liveness: 'unheard', digest: null, name: '' }, `${fakeNodes[1]}: unheard, has recorded nothing of it`],
    ]
    for (const [change, words] of cases) {
      unlike(1, change)
      const refused = await run('job', 'compact', 'hello')
      assert.equal(refused.exitCode, 1)
      assert.equal(
        refused.stderr,
        `  ${words}\nerror E_NOT_RECORDED: 1 node is not known to have the same heads of job hello; nothing was changed\n` +
          'hint: wait until they are back and have it, evict boards that are gone for good, or --force: ' +
          'changes that they hold or have made meanwhile, and that this copy lacks, will be lost\n',
      )
      assert.equal(refused.stdout, '')
      assert.equal(puts(), 0)
    }
  })

  it('goes on by force, and lists whom it went on without', async () => {
    await runJob({ priority: 10 })
    await runJob({ priority: 20 })
    unlike(2, { liveness: 'disconnected', digest: null })
    const forced = await run('job', 'compact', 'hello', '--force')
    assert.equal(forced.exitCode, 0)
    assert.match(
      forced.stderr,
      /^1 node is not known .*:\n {2}board-2: disconnected, has recorded nothing of it\ngoing on by force: changes .* will be lost\n$/,
    )
    assert.equal(mesh.job('default/hello').epoch, 2)
    await runJob({ priority: 30 })
    const data = JSON.parse((await run('job', 'compact', 'hello', '--force', '-o', 'json')).stdout) as {
      before: { epoch: number; changes: number }
      after: { epoch: number; changes: number }
      behind: { name: string }[]
    }
    assert.deepEqual([data.before.epoch, data.before.changes, data.after.epoch, data.after.changes], [2, 2, 3, 1])
    assert.deepEqual(
      data.behind.map((row) => row.name),
      ['board-2'],
    )
  })

  it('drops no value that lost: conflicts are settled first, also with --force', async () => {
    await runJob({ priority: 10 })
    const here = mesh.job('default/hello')
    await runJob({ priority: 20 })
    const there = mesh.requests.flatMap((request) => (request.method === 'doc.put' ? request.envelopes : []))
    mesh.docs.set(here.id, here)
    await runJob({ priority: 30 })
    mesh.put(there)
    const refused = await run('job', 'compact', 'hello', '--force')
    assert.equal(refused.exitCode, 1)
    assert.match(
      refused.stderr,
      /^error E_CONFLICTS: job hello has \d fields? in conflict.*\nhint: settle them first: shoal job conflicts hello\n$/,
    )
    assert.equal(puts(), 0)
    await runJob({ priority: 30 })
    assert.equal((await run('job', 'compact', 'hello')).exitCode, 0)
  })

  it('leaves a job alone whose newest state does not validate: what is in force is in its history', async () => {
    await runJob({ count: 1 })
    const here = mesh.job('default/hello')
    await runText(jobText({ count: 1 }).replace('    tasks:', '    network: { ports: { a: { static: 80 } } }\n    tasks:'))
    const there = mesh.requests.flatMap((request) => (request.method === 'doc.put' ? request.envelopes : []))
    mesh.docs.set(here.id, here)
    await runText(jobText({ count: 1 }).replace('    tasks:', '    network: { ports: { b: { static: 80 } } }\n    tasks:'))
    mesh.put(there)
    const refused = await run('job', 'compact', 'hello', '--force')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /error E_JOB_NOT_VALID: .*\nhint: correct it first: shoal job run with a whole file\n$/)
    assert.equal(puts(), 0)
  })

  it('refuses what does not fit into one envelope: boards would act on the first half', async () => {
    const env = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`K${index}`, `${index}`.padEnd(4_000, 'x')]))
    for (const count of [1, 2]) await runText(jobText({ count }).replace('app: { ', `app: { env: ${JSON.stringify(env)}, `))
    const refused = await run('job', 'compact', 'hello')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^error E_SIZE: job hello is too large/)
    assert.equal(puts(), 0)
  })

  it('says that there is no such job', async () => {
    const refused = await run('job', 'compact', 'nothing')
    assert.equal(refused.exitCode, 1)
    assert.match(refused.stderr, /^error E_JOB_UNKNOWN: /)
  })

  it('ends with 3 when the confirmation does not come', async () => {
    await runJob({ priority: 10 })
    await runJob({ priority: 20 })
    assert.equal((await run('job', 'compact', 'hello', '--confirm', '2')).exitCode, 3)
  })
})

describe('node compact', () => {
  it("drops the history of the operators' wishes, and keeps the wishes", async () => {
    assert.equal(
      (await run('node', 'compact', 'board-0')).stdout,
      'what operators wish of node board-0: nothing to do, its history is 0 edits long\n',
    )
    await run('node', 'drain', 'board-0', '--detach')
    await run('node', 'drain', 'board-0', '--disable')
    await run('node', 'eligibility', 'board-0', '--disable')
    const done = await run('node', 'compact', 'board-0')
    assert.equal(done.exitCode, 0, done.stderr)
    assert.match(done.stdout, /^what operators wish of node board-0 is compacted: 3 changes of .* epoch 2\n/)
    const after = mesh.docs.get(opsDocId(fakeNodes[0]))!
    assert.deepEqual(Object.fromEntries(after.registers), { by: 'ada', draining: false, eligible: false })
  })
})

describe('job run --wait', () => {
  const runAndWait = async (job: JobFileLike, wait: string): Promise<CliRun> => {
    const file = join(cli.dir, 'job.yaml')
    await writeFile(file, jobText(job))
    return await run('job', 'run', file, '--wait', wait)
  }

  it('asks for so many boards of that pool, or for all of them, and says which have not got it', async () => {
    mesh.confirmedBy = ['board-0', 'board-1']
    unlike(2, { digest: null })
    const two = await runAndWait({}, 'pool=default,count=2,timeout=3s')
    assert.equal(two.exitCode, 0, two.stderr)
    const put = mesh.requests.find((request) => request.method === 'doc.put')!
    assert.deepEqual([put.confirm, put.timeoutMs], [2, 3_000])
    const all = await runAndWait({ count: 2 }, 'count=all')
    assert.equal(all.exitCode, 3)
    assert.match(all.stdout, /2 nodes of 3 have it: board-0, board-1; 3 were asked for, so this is not confirmed\n$/)
    const asked = mesh.requests.filter(({ method }) => method === 'doc.receipts')
    assert.deepEqual(
      asked.map(({ pool }) => pool),
      ['default'],
      'the job’s pool, not the peer’s',
    )
    assert.match(all.stderr, /2 of 3 nodes have job hello (.|\n)*board-2 +\S+ +no /)
  })

  it('for another pool than the file’s sends nothing, and nonsense is refused', async () => {
    const other = await runAndWait({}, 'pool=shops')
    assert.equal(other.exitCode, 1)
    assert.match(other.stderr, /error E_USAGE: the job is of pool default, and --wait names shops\nhint: nothing was sent/)
    assert.match((await run('job', 'run', join(cli.dir, 'job.yaml'), '--confirm', '7', '--wait', 'count=1')).stderr, /say either/)
    for (const words of ['count=0', 'pool=a,pool=b', 'boards=3', 'count=2,timeout=soon'])
      assert.match((await runAndWait({}, words)).stderr, /E_USAGE: .*--wait/, words)
    assert.equal(puts(), 0)
  })
})
