// Commands that write, from the command line to the documents of a peer that judges with the real gate.

import assert from 'node:assert/strict'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import type { JobFileLike } from '../../support/cli-job.ts'
import { jobText } from '../../support/cli-job.ts'
import type { JoinFile } from '../../../cli/fleet/fleet-files.ts'
import type { ApiClient } from '../../../cli/io.ts'
import { opsDocId } from '../../../crdt/ids.ts'
import { type FakeMesh, coverage, fakeMesh, fakeNodes } from '../../support/cli-fake-mesh.ts'
import { type CliRun, type TestCli, testCli } from '../../support/cli-io.ts'

const peer = ['--peer', '/ip4/192.0.2.1/tcp/1']

let mesh: FakeMesh
let fleet = ''
let cli: TestCli

beforeEach(async () => {
  mesh = fakeMesh(() => fleet)
  cli = await testCli((): Promise<ApiClient> => mesh.connect())
  const made = await cli.run(['fleet', 'init', 'home', '--out', join(cli.dir, 'home.join.json'), '--operator', 'ada'])
  assert.equal(made.exitCode, 0, made.stderr)
  const file = JSON.parse(await readFile(join(cli.dir, 'home.join.json'), 'utf8')) as JoinFile
  fleet = file.fleet
  assert.equal(mesh.put(file.envelopes).kind, 'receipt')
})

afterEach(async () => await cli.close())

async function jobFile(job: JobFileLike = {}): Promise<string> {
  const file = join(cli.dir, 'job.yaml')
  await writeFile(file, jobText(job))
  return file
}

/** The last change that was sent. */
function lastPut(): readonly string[] {
  const puts = mesh.requests.filter((request) => request.method === 'doc.put')
  return puts.at(-1)?.envelopes ?? []
}

async function runJob(job: JobFileLike = {}, ...options: string[]): Promise<CliRun> {
  return await cli.run(['job', 'run', await jobFile(job), ...peer, ...options])
}

describe('fleet init', () => {
  it('keeps its secrets to the owner', async () => {
    for (const file of ['keys/home.key', 'keys/home.psk', 'home.join.json']) {
      assert.equal((await stat(join(cli.dir, file))).mode & 0o777, 0o600, file)
    }
  })

  it('refuses to overwrite, and names what is in the way', async () => {
    const before = await readFile(join(cli.dir, 'keys/home.key'), 'utf8')
    const again = await cli.run(['fleet', 'init', 'home', '--out', join(cli.dir, 'other.json')])
    assert.equal(again.exitCode, 1)
    assert.match(again.stderr, /E_EXISTS.*context 'home'/)
    const other = await cli.run(['fleet', 'init', 'shop', '--out', join(cli.dir, 'home.join.json')])
    assert.equal(other.exitCode, 1)
    assert.match(other.stderr, /not overwriting: .*home\.join\.json/)
    await assert.rejects(stat(join(cli.dir, 'keys/shop.key')), { code: 'ENOENT' })
    assert.equal(await readFile(join(cli.dir, 'keys/home.key'), 'utf8'), before)
  })
})

describe('fleet init --peer', () => {
  it('refuses what other boards cannot dial, before anything is written', async () => {
    const join = ['--out', `${cli.dir}/shop.join.json`]
    for (const [address, words] of [
      ['nowhere', /^error E_PEER: 'nowhere' is not an address at which other boards reach a board\nhint: write/],
      ['unix:/run/x.sock', /^error E_PEER: 'unix:\/run\/x\.sock' is not an address/],
    ] as const) {
      const ran = await cli.run(['fleet', 'init', 'shop', ...join, '--peer', '192.0.2.1:7420', '--peer', address])
      assert.equal(ran.exitCode, 1)
      assert.match(ran.stderr, words)
      for (const file of ['shop.join.json', 'keys/shop.key', 'keys/shop.psk'])
        await assert.rejects(stat(`${cli.dir}/${file}`), { code: 'ENOENT' }, file)
    }
    assert.equal((await cli.run(['fleet', 'init', 'shop', ...join, '--peer', '192.0.2.1:7420'])).exitCode, 0)
  })
})

describe('job run', () => {
  it('makes the job, follows it and ends with 0', async () => {
    const ran = await runJob({ count: 2 })
    assert.equal(ran.exitCode, 0, ran.stderr)
    assert.equal(
      ran.stdout,
      'job hello is new\n' +
        'receipt for job/default/hello: 1 node of 3 has it: board-0\n' +
        'hello/main/0: running, healthy on board-0\n' +
        'hello/main/1: running, healthy on board-1\n' +
        'job hello: 2 of 2 copies healthy\n',
    )
    const { registers } = mesh.job('default/hello')
    assert.equal(registers.get('spec/groups/main/count'), 2)
    assert.equal(registers.get('state/desired'), 'run')
    assert.equal(registers.get('state/by'), 'ada')
  })

  it('writes only the registers that differ', async () => {
    await runJob({ count: 2, args: ['a'] })
    const changed = await runJob({ count: 3, args: ['a'] })
    assert.match(changed.stdout, /^job hello changes\n~ groups\.main\.count: 2 → 3\n/)
    const puts = mesh.requests.filter((request) => request.method === 'doc.put')
    assert.equal(puts.length, 2)
    // The job's name, driver and arguments are not in the second change.
    assert.ok(JSON.stringify(puts[1]).length < JSON.stringify(puts[0]).length)
    const history = mesh.job('default/hello')
    assert.equal(history.changeCount, 2)
  })

  it('sets a field that the file leaves out back to its default, and says so', async () => {
    await runJob({ count: 5 })
    const ran = await runJob({})
    assert.match(ran.stdout, /~ groups\.main\.count: 5 → 1\n/)
    assert.equal(mesh.job('default/hello').registers.get('spec/groups/main/count') ?? null, null)
  })

  it('changes nothing the second time, and still gets a receipt', async () => {
    await runJob({})
    const before = mesh.job('default/hello').digest
    mesh.confirmedBy = ['board-0', 'board-1']
    const ran = await runJob({}, '--confirm', '2')
    assert.equal(ran.exitCode, 0, ran.stderr)
    assert.match(ran.stdout, /^job hello is already as the file says\n.*2 nodes of 3 have it: board-0, board-1\n/)
    assert.equal(mesh.job('default/hello').digest, before)
  })

  it('keeps the change of another field that was made elsewhere meanwhile', async () => {
    await runJob({ count: 1 })
    const here = mesh.docs.get(mesh.job('default/hello').id)!
    await runJob({ count: 1, priority: 80 })
    const there = lastPut()
    mesh.docs.set(here.id, here) // this side has not heard of the priority
    await runJob({ count: 4 })
    assert.equal(mesh.put(there).kind, 'receipt')
    const { registers } = mesh.job('default/hello')
    assert.equal(registers.get('spec/groups/main/count'), 4)
    assert.equal(registers.get('spec/priority'), 80)
  })

  it('settles a conflict when it is run again with the wanted value', async () => {
    await runJob({ priority: 10 })
    const here = mesh.job('default/hello')
    await runJob({ priority: 20 })
    const there = lastPut()
    mesh.docs.set(here.id, here)
    await runJob({ priority: 30 })
    mesh.put(there)
    const inConflict = mesh.job('default/hello')
    assert.ok(inConflict.conflicts.has('spec/priority'))
    const listed = await cli.run(['job', 'conflicts', 'hello', ...peer])
    assert.match(listed.stdout, /priority +(20 +30|30 +20)\n/)
    const winner = Number(inConflict.registers.get('spec/priority'))
    await runJob({ priority: winner })
    assert.equal(mesh.job('default/hello').conflicts.size, 0)
    assert.equal(mesh.job('default/hello').registers.get('spec/priority'), winner)
  })

  it('ends with 3 when the confirmation does not come', async () => {
    const ran = await runJob({}, '--confirm', '2')
    assert.equal(ran.exitCode, 3)
    assert.match(ran.stdout, /1 node of 3 has it: board-0; 2 were asked for, so this is not confirmed\n$/)
  })

  it('ends with 2 and the reasons when a copy cannot be placed', async () => {
    mesh.follow = (detail) => [
      {
        kind: 'job',
        coverage: coverage(),
        settled: true,
        job: {
          ...detail,
          healthy: 0,
          running: 0,
          allocs: [],
          slots: [{ slot: 'default/hello/main/0', holder: null, complete: null, candidate: null, reason: 'no-node-feasible' }],
        },
      },
    ]
    mesh.answer = (request) =>
      request.method !== 'job.explain'
        ? undefined
        : [
            {
              kind: 'explain',
              coverage: coverage(),
              slots: [
                {
                  slot: 'default/hello/main/0',
                  holder: null,
                  complete: null,
                  heir: null,
                  candidate: null,
                  reason: 'no-node-feasible',
                  nodes: [{ node: fakeNodes[0], name: 'board-0', score: null, rank: null, rejected: 'constraint' }],
                  nodesLeftOut: 0,
                },
              ],
              slotsLeftOut: 0,
            },
          ]
    const ran = await runJob({})
    assert.equal(ran.exitCode, 2)
    assert.match(ran.stderr, /job hello: submitted, but 0 of 1 copies are healthy\n/)
    assert.match(
      ran.stderr,
      /hello\/main\/0: no-node-feasible \(no node can take it\); nodes: 1 × constraint \(a constraint does not match\)\n/,
    )
  })

  it('returns at once with --detach', async () => {
    const ran = await runJob({}, '--detach')
    assert.equal(ran.exitCode, 0)
    assert.ok(!mesh.requests.some((request) => request.method === 'job.status'))
  })

  it('answers with one JSON object when asked to', async () => {
    const ran = await runJob({}, '--output', 'json')
    const data = JSON.parse(ran.stdout) as {
      job: string
      exitCode: number
      receipt: { confirmedBy: string[] }
      detail: { healthy: number }
    }
    assert.deepEqual([data.job, data.exitCode, data.receipt.confirmedBy, data.detail.healthy], ['default/hello', 0, ['board-0'], 1])
  })

  it('ignores answers about an older version of the job', async () => {
    await runJob({ count: 1 })
    const old = mesh.job('default/hello')
    mesh.follow = (detail) => [
      { kind: 'job', coverage: coverage(), settled: true, job: { ...detail, version: `1.${old.changeCount}.00000000`, healthy: 0 } },
      { kind: 'job', coverage: coverage(), settled: true, job: detail },
    ]
    const ran = await runJob({ count: 2 })
    assert.equal(ran.exitCode, 0, ran.stderr)
  })

  it('goes to the next peer when one goes away meanwhile', async () => {
    let peers = 0
    mesh.follow = (detail) =>
      peers++ === 0
        ? [{ kind: 'job', coverage: coverage(), settled: false, job: { ...detail, healthy: 0 } }]
        : [{ kind: 'job', coverage: coverage(), settled: true, job: detail }]
    const ran = await runJob({})
    assert.equal(ran.exitCode, 0, ran.stderr)
    assert.equal(peers, 2)
  })

  it('sends nothing when the file has faults, and shows all of them', async () => {
    const file = join(cli.dir, 'bad.yaml')
    await writeFile(file, 'job: x\ngroups:\n  a:\n    count: many\n    tasks: { t: { driver: exec } }\n')
    const ran = await cli.run(['job', 'run', file, ...peer])
    assert.equal(ran.exitCode, 1)
    assert.equal(ran.stderr.split('\n').filter((line) => line.startsWith(`${file}:`)).length, 2)
    assert.match(ran.stderr, /error E_JOB_FILE: .*bad\.yaml has 2 faults\n$/)
    assert.deepEqual(mesh.requests, [])
  })

  it('refuses to build on a change that nobody signed', async () => {
    await runJob({})
    const forged = Buffer.from(lastPut()[0] ?? '', 'base64')
    forged.writeUInt8(forged.readUInt8(forged.length - 1) ^ 1, forged.length - 1)
    mesh.answer = (request) => {
      if (request.method !== 'doc.get' || request.doc === 'fleet') return undefined
      return [{ kind: 'doc', doc: request.doc, pool: 'default', epoch: 1, envelopes: [forged.toString('base64')] }]
    }
    const ran = await runJob({ count: 2 })
    assert.equal(ran.exitCode, 1)
    assert.match(ran.stderr, /error E_SIGNATURE: the peer sent a change of job\/default\/hello that does not hold/)
  })

  it('refuses to move a job to another pool', async () => {
    await runJob({})
    mesh.requests.length = 0
    const ran = await runJob({ pool: 'shop' })
    assert.equal(ran.exitCode, 1)
    assert.match(ran.stderr, /error E_POOL: the job lives in pool default, the file says shop/)
  })

  it('tells an operator without a role, before anything is sent', async () => {
    const other = await testCli((): Promise<ApiClient> => mesh.connect())
    try {
      await other.run(['fleet', 'init', 'shop', '--out', join(other.dir, 'shop.join.json')])
      const config = join(other.dir, 'config.yaml')
      await writeFile(config, (await readFile(config, 'utf8')).replace(/fleet: \w+/, `fleet: ${fleet}`))
      const ran = await other.run(['job', 'run', await jobFile(), ...peer])
      assert.equal(ran.exitCode, 1)
      assert.match(ran.stderr, /error E_ROLE: the key 12D3KooW\w+ has no role in fleet 'home'/)
      assert.ok(!mesh.requests.some((request) => request.method === 'doc.put'))
    } finally {
      await other.close()
    }
  })
})

describe('job plan', () => {
  it('ends with 1 when there are changes, and keeps none of them', async () => {
    await runJob({ count: 1 })
    const before = mesh.job('default/hello').digest
    const planned = await cli.run(['job', 'plan', await jobFile({ count: 2 }), ...peer])
    assert.equal(planned.exitCode, 1, planned.stderr)
    assert.equal(
      planned.stdout,
      'job hello changes\n~ groups.main.count: 1 → 2\n\nSLOT          WHAT       NODE     WHY\nhello/main/0  starts on  board-1\n',
    )
    assert.equal(mesh.job('default/hello').digest, before)
  })

  it('says why a copy finds no place', async () => {
    const row = { node: fakeNodes[0], name: 'board-0', score: null, rank: 0, rejected: 'memory-exhausted' }
    const none = {
      slot: 'default/hello/main/0',
      holder: null,
      complete: null,
      heir: null,
      candidate: null,
      reason: 'no-node-feasible',
      nodes: [row],
      nodesLeftOut: 0,
    }
    const slots = [{ slot: none.slot, action: 'none', node: null, reason: none.reason }] as const
    mesh.answer = ({ method }) =>
      method === 'job.plan' ? [{ kind: 'plan', coverage: coverage(), changes: [], slots, unplaced: [none] }] : undefined
    const planned = await cli.run(['job', 'plan', await jobFile(), ...peer])
    assert.match(
      planned.stdout,
      /is not placed .*\n\nhello\/main\/0: no-node-feasible \(.*\); nodes: 1 × memory-exhausted \(not enough memory\)\n$/,
    )
  })

  it('ends with 0 when there is nothing to do', async () => {
    await runJob({ count: 1 })
    const planned = await cli.run(['job', 'plan', await jobFile({ count: 1 }), ...peer])
    assert.equal(planned.exitCode, 0)
    assert.match(planned.stdout, /^job hello is already as the file says\n/)
  })

  it('ends with 255 on any error, usage included', async () => {
    for (const argv of [
      ['job', 'plan'],
      ['plan', 'no-such-file.yaml', ...peer],
      ['job', 'plan', 'x', '--no-such-option'],
    ]) {
      const planned = await cli.run(argv)
      assert.equal(planned.exitCode, 255, argv.join(' '))
      assert.match(planned.stderr, /^error E_/)
    }
  })
})

describe('job stop and remove', () => {
  it('sets the wish, and job run takes it back', async () => {
    await runJob({})
    const stopped = await cli.run(['job', 'stop', 'hello', ...peer])
    assert.equal(stopped.exitCode, 0, stopped.stderr)
    assert.match(stopped.stdout, /job hello: stopped, nothing of it runs\n$/)
    assert.equal(mesh.job('default/hello').registers.get('state/desired'), 'stopped')
    await cli.run(['job', 'remove', 'hello', ...peer])
    assert.equal(mesh.job('default/hello').registers.get('state/desired'), 'removed')
    const again = await runJob({})
    assert.match(again.stdout, /^job hello was removed and runs again\n/)
    assert.equal(mesh.job('default/hello').registers.get('state/desired'), 'run')
  })

  it('makes no document for a job that is not there', async () => {
    const stopped = await cli.run(['job', 'stop', 'helo', ...peer])
    assert.equal(stopped.exitCode, 1)
    assert.match(stopped.stderr, /error E_JOB_UNKNOWN: there is no job 'default\/helo'/)
    assert.ok(!mesh.requests.some((request) => request.method === 'doc.put'))
  })
})

describe('wishes about nodes', () => {
  it('writes the ops document of the node', async () => {
    const id = opsDocId(fakeNodes[0])
    assert.equal((await cli.run(['node', 'drain', 'board-0', '--detach', ...peer])).exitCode, 0)
    assert.equal(mesh.docs.get(id)?.registers.get('draining'), true)
    await cli.run(['node', 'drain', 'board-0', '--disable', ...peer])
    assert.equal(mesh.docs.get(id)?.registers.get('draining'), false)
    await cli.run(['node', 'eligibility', 'board-0', '--disable', ...peer])
    assert.equal(mesh.docs.get(id)?.registers.get('eligible'), false)
    const evicted = await cli.run(['node', 'evict', 'board-0', ...peer])
    assert.match(evicted.stdout, /^node board-0 is evicted\n/)
    assert.equal(mesh.docs.get(id)?.registers.get('evicted'), true)
    assert.equal(mesh.docs.get(id)?.registers.get('by'), 'ada')
  })

  it('wants one of --enable and --disable', async () => {
    const ran = await cli.run(['node', 'eligibility', 'board-0', ...peer])
    assert.equal(ran.exitCode, 1)
    assert.match(ran.stderr, /E_USAGE: say either --enable or --disable/)
  })
})
