// What a stolen key can do before its owner is told, and after: to the revocation itself, to boards that slept, to what runs.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'

import { type OperatorId, fleetDocId, jobDocId } from '../../../crdt/ids.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import { jobPaths } from '../../../crdt/documents/job.ts'
import { fromBase64, toBase64 } from '../../../crdt/base64.ts'
import { admit } from '../../../crdt/gate.ts'
import type { Doc } from '../../../crdt/doc.ts'
import type { DocId } from '../../../crdt/ids.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { editDoc } from '../../../crdt/replica.ts'
import { fleetRights } from '../../../crdt/rights/fleet-rights.ts'
import { wordPaths } from '../../../crdt/rights/judge-doc.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { authorOf } from '../../support/fleet-history.ts'
import { type Stage, closeStages, hello, ok, other, run, stage } from '../../support/operator-stage.ts'
import { answer } from '../../support/pool.ts'
import { areEqual, fleet, operatorSeed, runners, slot } from '../../support/world.ts'

afterEach(closeStages)

const bob = other as OperatorId
const rightsOn = (board: Board) => fleetRights(board.core!.state!.docs.get(fleetDocId)!)
const viewOn = (board: Board) => board.core!.state!.view.jobs.get(hello)
const isRunning = (world: World, index: number): boolean => runners(world, slot(hello, index, 'main')).length === 1

/** An edit such as no command of ours makes. */
function signed(world: World, board: Board, id: DocId, seed: number, changes: Readonly<Record<string, Scalar>>): string[] {
  const { envelopes } = answer(world, board, 'doc', { method: 'doc.get', doc: id })
  const rights = rightsOn(board)
  let doc: Doc | undefined
  for (const text of envelopes) {
    const bytes = fromBase64(text)
    const admitted = bytes.ok ? admit(testCrypto(), doc, bytes.value, { fleet, rights }) : bytes
    assert.ok(admitted.ok)
    doc = admitted.value.doc
  }
  return editDoc(testCrypto(), doc!, authorOf(seed, fleet), new Map(Object.entries(changes))).envelopes.map(({ bytes }) => toBase64(bytes))
}

const put = (world: World, board: Board, envelopes: string[]) => answer(world, board, 'receipt', { method: 'doc.put', envelopes })

async function withBob(boards: number, role = 'operator'): Promise<Stage> {
  const staged = await stage(boards)
  await ok(staged.admin, 'fleet', 'operator', 'add', other, '--name', 'bob', '--role', role)
  staged.world.run(1_000)
  return staged
}

test('a board that slept while a key compacted and was revoked follows all the same', async () => {
  const { world, boards, admin, two } = await withBob(4)
  assert.equal((await run(two, { args: ['a'] })).exitCode, 0)
  world.until('it runs', () => isRunning(world, 0), 10_000)
  world.run(20_000)
  const asleep = boards[1]!
  const others = boards.filter((board) => board !== asleep)
  world.split([asleep], others)
  world.run(20_000)
  assert.equal((await run(two, { args: ['b'] })).exitCode, 0)
  world.run(5_000)
  await ok(two, 'job', 'compact', 'hello', '--force')
  world.run(5_000)
  await ok(admin, 'fleet', 'operator', 'revoke', other)
  world.run(20_000)
  // The fleet document is what it hears first.
  for (const envelope of answer(world, boards[0]!, 'doc', { method: 'doc.get', doc: fleetDocId }).envelopes) put(world, asleep, [envelope])
  assert.ok(rightsOn(asleep).revoked.has(bob))
  world.heal()
  world.until('it has the new epoch', () => asleep.core!.state!.docs.get(jobDocId(hello))?.epoch === 2, 120_000)
  world.run(60_000)
  assert.ok(areEqual(boards))
  assert.deepEqual(viewOn(asleep)?.spec?.groups[0]?.tasks[0]?.config.args, ['b'])
})

test('whatever a key writes where words about it go, the word is given; where it cannot be, the revocation comes all the same', async () => {
  const { world, boards, admin, two } = await withBob(3)
  assert.equal((await run(two)).exitCode, 0)
  world.run(10_000)
  const highest = Number.MAX_SAFE_INTEGER - 1
  const own = testSigner(2).operator
  put(
    world,
    boards[0]!,
    signed(world, boards[0]!, jobDocId(hello), 2, { [wordPaths.vouch(own)]: highest, [wordPaths.release(own)]: highest }),
  )
  await ok(admin, 'fleet', 'operator', 'revoke', other)
  world.run(5_000)
  assert.match((await ok(admin, 'job', 'voided', 'hello')).stdout, /every edit of hello counts/)
  assert.ok(boards.every((board) => rightsOn(board).revoked.has(bob)))
})

test('a document that takes no word stops no revocation', async () => {
  const { world, admin, two, at } = await withBob(3)
  assert.equal((await run(two)).exitCode, 0)
  world.run(10_000)
  const board = at.admin.core!.state!
  const full = board.docs.get(jobDocId(hello))!
  board.docs.set(full.id, { ...full, envelopes: full.envelopes.map((ref) => ({ ...ref, bytes: 2 ** 25 })) })
  const revoked = await ok(admin, 'fleet', 'operator', 'revoke', other)
  assert.match(revoked.stderr, /not vouched for:\n {2}job\/default\/hello: E_SIZE/)
  assert.ok(rightsOn(at.admin).revoked.has(bob))
})

test('an admin’s stolen key revokes the founder in vain, and the founder revokes it after having heard', async () => {
  const { world, boards, admin, two } = await withBob(3, 'admin')
  assert.match((await two.run(['fleet', 'operator', 'revoke', testSigner(operatorSeed).id])).stderr, /E_SENIORITY/)
  const paths = { [fleetPaths.revoked(testSigner(operatorSeed).operator)]: 1, [fleetPaths.revoked(bob)]: 1 }
  put(world, boards[0]!, signed(world, boards[0]!, fleetDocId, 2, paths))
  world.run(5_000)
  assert.equal((await run(admin)).exitCode, 0)
  await ok(admin, 'fleet', 'operator', 'revoke', other)
  world.run(5_000)
  for (const board of boards) assert.deepEqual([...rightsOn(board).revoked], [bob])
})

test('a stolen admin key is revoked by its id, never by a name, and what it granted is told: what stands, and what fell with it', async () => {
  const { admin, two, world, boards } = await withBob(2, 'admin')
  const [kept, sock] = [testSigner(5).id, testSigner(6).id]
  await ok(two, 'fleet', 'operator', 'add', kept, '--name', 'kim', '--role', 'viewer')
  world.run(1_000)
  await ok(admin, 'fleet', 'operator', 'add', testSigner(7).id, '--name', 'lee')
  world.run(1_000)
  await ok(two, 'fleet', 'operator', 'add', sock, '--name', 'lee', '--role', 'admin')
  world.run(1_000)
  const named = await admin.run(['fleet', 'operator', 'revoke', 'lee'])
  assert.equal(named.exitCode, 1)
  assert.match(named.stderr, new RegExp(`${sock}\n(.|\n)*names are what any admin may write`))
  const told = await ok(admin, 'fleet', 'operator', 'revoke', other, '--void')
  assert.match(told.stdout, new RegExp(`which keep them(.|\n)*${kept} +viewer +kim\n(.|\n)*none any more:\n +${sock} +- +lee`))
  world.run(1_000)
  assert.deepEqual(
    [kept, sock].map((key) => rightsOn(boards[0]!).now.get(key)?.role),
    ['viewer', undefined],
  )
})

test('a write that changes nothing is done, though the last change was that of a key that is revoked by now', async () => {
  const { world, boards, admin } = await withBob(3)
  assert.equal((await run(admin)).exitCode, 0)
  world.run(10_000)
  await ok(admin, 'job', 'stop', 'hello')
  put(world, boards[0]!, signed(world, boards[0]!, jobDocId(hello), 2, { [jobPaths.note]: 'mine' }))
  await ok(admin, 'fleet', 'operator', 'revoke', other, '--void')
  world.run(5_000)
  assert.match((await ok(admin, 'job', 'stop', 'hello')).stdout, /stopped already/)
  assert.throws(() => put(world, boards[0]!, signed(world, boards[0]!, jobDocId(hello), 2, { [jobPaths.note]: 'again' })), /E_REVOKED/)
})

test('what a revoked key wrote elsewhere is taken from an operator who carries it, and has no effect; from its owner it is not', async () => {
  const { world, boards, admin } = await withBob(3)
  assert.equal((await run(admin)).exitCode, 0)
  const envelopes = signed(world, boards[0]!, jobDocId(hello), 2, { [jobPaths.desired]: 'stopped' })
  const viewer = testSigner(9).id
  await ok(admin, 'fleet', 'operator', 'add', viewer, '--role', 'viewer')
  await ok(admin, 'fleet', 'operator', 'revoke', other, '--void')
  world.run(5_000)
  const give = (caller: string | null) => world.request(boards[0]!, { method: 'doc.put', envelopes }, caller)[0]!
  for (const caller of [null, other, viewer]) assert.equal(give(caller).kind, 'error')
  assert.equal(give(testSigner(operatorSeed).id).kind, 'receipt')
  world.run(10_000)
  assert.ok(isRunning(world, 0))
  assert.match((await ok(admin, 'job', 'voided', 'hello')).stdout, /desired/)
})

/** Bob's job, which nobody else ever touched, and bob's word counts no more. */
async function bobsJob(): Promise<Stage> {
  const staged = await withBob(3)
  assert.equal((await run(staged.two, { count: 2 })).exitCode, 0)
  staged.world.until('it runs', () => isRunning(staged.world, 0) && isRunning(staged.world, 1), 10_000)
  staged.world.run(5_000)
  await ok(staged.admin, 'fleet', 'operator', 'revoke', other, '--void')
  staged.world.run(60_000)
  assert.ok(isRunning(staged.world, 0) && isRunning(staged.world, 1), 'held')
  return staged
}

const isGone = (world: World): boolean => [0, 1].every((index) => runners(world, slot(hello, index, 'main')).length === 0)

test('copies of a job that only the revoked key made go when it is given up', async () => {
  const { world, admin } = await bobsJob()
  assert.match((await ok(admin, 'job', 'voided', 'hello')).stdout, /released, it is removed and its copies stop/)
  await ok(admin, 'job', 'voided', 'hello', '--release')
  world.until('they stop', () => isGone(world), 60_000)
})

test('and when somebody orders the job to stop; one of them when somebody orders that', async () => {
  const { world, admin } = await bobsJob()
  const [alloc] = answer(world, [...world.boards.values()][0]!, 'allocs', { method: 'alloc.list' }).allocs
  await ok(admin, 'alloc', 'stop', alloc!.alloc)
  world.until('it stops', () => [0, 1].filter((index) => isRunning(world, index)).length === 1, 60_000)
  await ok(admin, 'job', 'stop', 'hello')
  world.until('they stop', () => isGone(world), 60_000)
})

test('a conflict with an edit that does not count is none', async () => {
  const { world, boards, admin } = await withBob(3)
  assert.equal((await run(admin)).exitCode, 0)
  world.run(5_000)
  const one = signed(world, boards[0]!, jobDocId(hello), operatorSeed, { [jobPaths.note]: 'ours' })
  const theirs = signed(world, boards[0]!, jobDocId(hello), 2, { [jobPaths.note]: 'theirs' })
  put(world, boards[0]!, one)
  put(world, boards[0]!, theirs)
  world.run(5_000)
  assert.match((await ok(admin, 'job', 'conflicts', 'hello')).stdout, /note/)
  await ok(admin, 'fleet', 'operator', 'revoke', other, '--void')
  world.run(5_000)
  assert.match((await ok(admin, 'job', 'conflicts', 'hello')).stdout, /no field of hello is in conflict/)
  assert.deepEqual(
    answer(world, boards[0]!, 'jobs', { method: 'job.list' }).jobs.map(({ conflicts }) => conflicts),
    [0],
  )
})

test('a void edit about where a system job runs stops nothing when it turns out to be void', async () => {
  const { world, boards, admin, two } = await withBob(3)
  assert.equal((await run(admin, { type: 'system', constraint: 'b1' })).exitCode, 0)
  const copies = (): number =>
    boards.filter((board) =>
      [...(board.core?.state?.view.claims.values() ?? [])].flat().some(({ node, state }) => node === board.spec.id && state === 'running'),
    ).length
  world.until('it runs where it may', () => copies() === 1, 20_000)
  assert.equal((await run(two, { type: 'system' })).exitCode, 0)
  world.until('it runs everywhere', () => copies() === 3, 20_000)
  await ok(admin, 'fleet', 'operator', 'revoke', other, '--void')
  world.run(60_000)
  assert.equal(copies(), 3)
  await ok(admin, 'job', 'voided', 'hello', '--release')
  world.until('and goes where it may not, once it is given up', () => copies() === 1, 60_000)
})
