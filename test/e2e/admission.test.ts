// Real boards that the fleet does not know: each waits, is told why, and changes nothing, until an operator lets it in on the connection
// that it has. What is refused is refused by real signatures, clocks and sockets.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { JoinFile } from '../../cli/fleet/fleet-files.ts'
import type { NodeRow, PendingRow } from '../../crdt/api-nodes.ts'
import { type Agent, Fleet, aliveOn, ask, runningOn, allocsOf, taskPids, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'
import type { Ran } from './support/run.ts'

const fleet = new Fleet()
let m1: Agent
let m2: Agent
let addresses: readonly string[]
let next = 0

before(async () => {
  addresses = await loopbacks(12)
  await fleet.init(addresses.slice(0, 2))
  m1 = fleet.start('m1', { listen: addresses[next++]! })
  m2 = fleet.start('m2', { listen: addresses[next++]! })
  for (const board of [m1, m2]) await until(`${board.name} sees both`, 120_000, async () => (await aliveOn(board)).length === 2)
})

after(async () => await fleet.stop())

async function ok(...args: readonly string[]): Promise<Ran> {
  const ran = await fleet.cli(args)
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.output}`)
  return ran
}

const fileOf = (name: string): string => join(fleet.folder, `${name}.join.json`)
const readJoin = (file: string): JoinFile => JSON.parse(readFileSync(file, 'utf8')) as JoinFile

/** The file that `fleet init` made, with other tokens in it. */
function otherTokens(name: string, tokens: Readonly<Record<string, string>>): string {
  writeFileSync(fileOf(name), JSON.stringify({ ...readJoin(fleet.joinFile), tokens }))
  return fileOf(name)
}

function newcomer(name: string, joinFile: string, pool?: string): Agent {
  return fleet.start(name, { listen: addresses[next++]!, config: { join: joinFile }, ...(pool === undefined ? {} : { pool }) })
}

async function waitsAt(board: Agent): Promise<string | undefined> {
  return (await ask(board, 'status', { method: 'status' })).waits?.reason
}

async function pendingAt(board: Agent): Promise<readonly PendingRow[]> {
  return (await ask(board, 'pending', { method: 'node.pending' })).boards
}

async function namesAt(board: Agent): Promise<string[]> {
  return (await ask(board, 'nodes', { method: 'node.list' })).nodes.map(({ name }) => name).toSorted()
}

const strangers: { readonly board: Agent; readonly reason: string }[] = []

test('no certificate, a token of another pool, one whose time is over, a revoked one: each waits and is told why', async () => {
  const [mine = ''] = Object.values(readJoin(fleet.joinFile).tokens ?? {})
  await ok('token', 'create', '--pool', 'default', '--count', '5', '--expires', '1ms', '--out', fileOf('late'))
  await ok('token', 'create', '--pool', 'default', '--count', '5', '--out', fileOf('ended'))
  const { tokens } = JSON.parse((await ok('token', 'list', '-o', 'json')).stdout) as {
    tokens: { id: string; name: string; untilMs: number | null }[]
  }
  const ended = tokens.find(({ name, untilMs }) => name === '' && untilMs === null)!
  await ok('token', 'revoke', ended.id)
  strangers.push(
    { board: newcomer('none', otherTokens('none', {})), reason: 'no-certificate' },
    { board: newcomer('foreign', otherTokens('foreign', { depot: mine }), 'depot'), reason: 'other-pool' },
    { board: newcomer('late', fileOf('late')), reason: 'token-expired' },
    { board: newcomer('ended', fileOf('ended')), reason: 'token-revoked' },
  )
  for (const { board, reason } of strangers)
    await until(`${board.name} is told: ${reason}`, 120_000, async () => (await waitsAt(board)) === reason)
})

test('none of them is in any document, hears of a job, or may ask; they keep waiting', async () => {
  const ran = await fleet.runJob(m1, job('web', { count: 2 }))
  assert.equal(ran.code, 0, ran.output)
  for (const member of [m1, m2]) {
    assert.deepEqual(await namesAt(member), ['m1', 'm2'])
    assert.equal(await waitsAt(member), undefined)
  }
  for (const { board, reason } of strangers) {
    const { coverage, jobs } = await ask(board, 'jobs', { method: 'job.list' })
    assert.deepEqual(jobs, [], `${board.name} hears of no job`)
    const { envelopes } = await ask(m1, 'doc', { method: 'doc.get', doc: `node/${coverage.node}` })
    assert.deepEqual(envelopes, [], 'and nothing that it says of itself is taken in')
    assert.equal(await waitsAt(board), reason)
    const shown = await fleet.cli(['status', '--peer', `unix:${board.socket}`])
    assert.match(shown.stdout, new RegExp(`this board waits to be admitted: ${reason} `))
  }
  assert.deepEqual(runningOn(await allocsOf(m1, 'web')), ['m1', 'm2'])
})

test('any member lists them with what they say of themselves; admitted by the code that they show, they join without a restart', async () => {
  const names = strangers.map(({ board }) => board.name).toSorted()
  for (const member of [m1, m2]) {
    const rows = await until(`${member.name} has heard of all`, 60_000, async () => {
      const found = await pendingAt(member)
      return found.length === names.length && found
    })
    assert.deepEqual(rows.map(({ name }) => name).toSorted(), names)
    for (const row of rows) assert.match(row.about, /MHz, \d+ MiB/)
  }
  const pids = strangers.map(({ board }) => board.process.pid)
  for (const { board } of strangers) {
    const { waits } = await ask(board, 'status', { method: 'status' })
    const ran = await ok('node', 'admit', waits!.code, '--peer', addresses[1]!)
    assert.match(ran.stdout, new RegExp(`node ${board.name} is admitted`))
  }
  for (const { board } of strangers) await until(`${board.name} waits no more`, 60_000, async () => (await waitsAt(board)) === undefined)
  await until('m1 sees all of its pool', 60_000, async () => (await aliveOn(m1)).length === 5)
  await until('the list is empty', 60_000, async () => (await pendingAt(m2)).length === 0)
  assert.deepEqual(
    strangers.map(({ board }) => board.process.pid),
    pids,
  )
  assert.ok(strangers.every(({ board }) => board.process.exitCode === null))
  // Of the other pool, and a member there by a word that boards of this pool can check.
  const status = await fleet.cli(['node', 'status', '--pool', 'depot', '--peer', addresses[0]!, '-o', 'json'])
  assert.equal(status.code, 0, status.output)
  assert.deepEqual(
    (JSON.parse(status.stdout) as { nodes: NodeRow[] }).nodes.map(({ name }) => name),
    ['foreign'],
  )
})

test('one more board than a token’s count: all agree which is beyond it, and it gets no new work until an operator admits it', async () => {
  await ok('token', 'create', '--pool', 'default', '--count', '1', '--out', fileOf('one'))
  const two = [newcomer('o1', fileOf('one')), newcomer('o2', fileOf('one'))]
  const surplus = await until('one of them is beyond the count', 120_000, async () => {
    const rows = (await pendingAt(m1)).filter(({ reason }) => reason === 'surplus')
    return rows.length === 1 && (await aliveOn(m1)).length === 7 && rows[0]!
  })
  for (const board of [m2, ...two]) {
    const rows = await until(`${board.name} says the same`, 60_000, async () => {
      const found = (await pendingAt(board)).filter(({ reason }) => reason === 'surplus')
      return found.length === 1 && found
    })
    assert.equal(rows[0]!.id, surplus.id)
  }
  const ran = await fleet.runJob(m1, { ...job('each'), type: 'system', groups: systemGroups() })
  assert.equal(ran.code, 0, ran.output)
  await until('each of the six others has a copy', 60_000, async () => runningOn(await allocsOf(m1, 'each')).length === 6)
  assert.ok(!runningOn(await allocsOf(m1, 'each')).includes(surplus.name))
  await ok('node', 'admit', surplus.name)
  await until('it has one, too', 60_000, async () => runningOn(await allocsOf(m1, 'each')).includes(surplus.name))
})

function systemGroups(): object {
  const config = { command: '/bin/sh', args: ['-c', 'exec sleep 1000000'] }
  return { g: { tasks: { app: { driver: 'raw_exec', config, resources: { cpu: '20 MHz', memory: '16 MiB' } } } } }
}

test('admitted in a part that is cut off, a board is heard by the rest, too: it shows the operator’s word; rejected, it is told so', async () => {
  const others = ['m1', 'late', 'ended', 'none', 'o1', 'o2', 'foreign'].map((name) => fleet.agent(name))
  for (const board of others) await ask(board, 'done', { method: 'fault.cut', peers: board.name === 'foreign' ? null : ['m2'] })
  const file = otherTokens('alone', {})
  writeFileSync(file, JSON.stringify({ ...readJoin(file), bootstrap: [addresses[1]] }))
  const alone = newcomer('alone', file)
  const unwanted = newcomer('unwanted', file)
  for (const board of [alone, unwanted])
    await until(`${board.name} waits`, 120_000, async () => (await waitsAt(board)) === 'no-certificate')
  await ok('node', 'admit', 'alone', '--peer', addresses[1]!)
  await ok('node', 'reject', 'unwanted', '--peer', addresses[1]!)
  await until('it is a member there', 60_000, async () => (await aliveOn(m2)).includes('alone'))
  await until('the other one knows', 60_000, async () => {
    const { nodes } = await ask(unwanted, 'nodes', { method: 'node.list' })
    return nodes.some(({ name, evicted }) => name === 'unwanted' && evicted)
  })
  await until('m1 sees it, and m2 by way of it', 120_000, async () => {
    const alive = await aliveOn(m1)
    return alive.includes('alone') && alive.includes('m2')
  })
  for (const board of others) await ask(board, 'done', { method: 'fault.cut', peers: [] })
})

test('a board that waits takes the place of a dead one: it runs what only that one may run, and the old card stays out when it runs after all', async () => {
  const till = fleet.start('till', { listen: addresses[next++]! })
  const constraints = [{ attribute: '${node.unique.name}', operator: '=', value: 'till' }]
  await until('it is there', 120_000, async () => (await aliveOn(m1)).includes('till'))
  const ran = await fleet.runJob(m1, { ...job('counter'), constraints })
  assert.equal(ran.code, 0, ran.output)
  await fleet.powerCut(till)
  const spare = newcomer('spare', otherTokens('spare', {}))
  const { code, id } = await until('it waits', 120_000, async () => (await ask(spare, 'status', { method: 'status' })).waits)
  await until('the other one is missed', 60_000, async () => !(await aliveOn(m1)).includes('till'))
  await until('m1 knows who waits', 60_000, async () => (await pendingAt(m1)).some((row) => row.code === code))
  const told = await ok('node', 'replace', 'till', code, '--yes', '--peer', addresses[0]!)
  assert.match(told.stdout, /^node spare \(.{8}\) has taken the place of till \(.{8}\)\n/)
  await until('it runs there', 60_000, async () =>
    (await allocsOf(m1, 'counter')).some(({ node, nodeName, state }) => node === id && nodeName === 'till' && state === 'running'),
  )
  const pids = taskPids(spare)
  assert.ok(pids.length > 0)
  fleet.launch(till)
  await until('the old one hears that it is out', 60_000, async () => {
    const { nodes, coverage } = await ask(till, 'nodes', { method: 'node.list' })
    return nodes.some(({ id: own, replacedBy }) => own === coverage.node && replacedBy?.[0] === id)
  })
  await until('and runs nothing', 60_000, async () => taskPids(till).length === 0)
  assert.deepEqual(taskPids(spare), pids)
})
