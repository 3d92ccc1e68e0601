// `node replace` against simulated boards of a certified fleet: what is asked, refused, written and told.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'

import { opsPaths } from '../../../crdt/documents/ops.ts'
import type { NodeView } from '../../../crdt/view.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { type CertifiedBoard, boot, certifiedWorld, fleet, standingOf, state, stated, submitJob, wish } from '../../support/certified.ts'
import type { CliRun, RunOptions, TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { answer } from '../../support/pool.ts'
import { operatorSeed, runners, slot } from '../../support/world.ts'

const open: TestCli[] = []
afterEach(async () => {
  for (const cli of open.splice(0)) await cli.close()
})

interface Shop {
  readonly world: World
  readonly boards: readonly Board[]
  readonly cli: TestCli
}

/** Three members, of which the third is dead, and whoever comes to take its place; commands go to the second. */
async function shop(...others: readonly CertifiedBoard[]): Promise<Shop> {
  const world = certifiedWorld([{}, {}, {}, ...others])
  const boards = [...world.boards.values()]
  boot(world, boards.slice(0, 3))
  state(world, boards[0]!, stated(51, { pool: 'depot' }))
  wish(world, boards[0]!, boards[2]!, new Map<string, string | number>([[opsPaths.label('role'), 'till'], [opsPaths.weight, 7]])) // prettier-ignore
  world.run(5_000)
  world.powerCut(boards[2]!)
  for (const board of boards.slice(3)) world.boot(board)
  world.run(20_000)
  const cli = await cliOnWorld(world, () => boards[1]!, operatorSeed, fleet)
  open.push(cli)
  return { world, boards, cli }
}

async function ok(cli: TestCli, argv: readonly string[], options?: RunOptions): Promise<CliRun> {
  const ran = await cli.run(argv, options)
  assert.equal(ran.exitCode, 0, `${argv.join(' ')}: ${ran.stderr}`)
  return ran
}

async function fails(cli: TestCli, words: RegExp, argv: readonly string[], options?: RunOptions): Promise<void> {
  const ran = await cli.run(argv, options)
  assert.equal(ran.exitCode, 1, `${argv.join(' ')}: ${ran.stdout}`)
  assert.match(ran.stderr, words)
}

const codeAt = (world: World, board: Board): string => answer(world, board, 'status', { method: 'status' }).waits!.code
const seenBy = (board: Board, other: Board): NodeView | undefined => board.core!.state!.view.nodes.get(other.spec.id)
const replaceB2 = (board: Board): string[] => ['node', 'replace', 'b2', board.spec.id]

test('a board from the waiting room takes name, labels, weight and copies of a dead one, in one command, also in a site that is cut off', async () => {
  const { world, boards, cli } = await shop({ token: null })
  const [b0, b1, old, fresh] = boards as [Board, Board, Board, Board]
  const constraints = [
    { attribute: '${meta.role}', operator: '=', value: 'till' },
    { attribute: '${node.unique.name}', operator: '=', value: 'b2' },
  ] as const
  const job = submitJob(world, b0, { group: { constraints } })
  world.run(2_000)
  world.split([b0], [b1, fresh])
  world.run(60_000)
  const code = codeAt(world, fresh)
  const ran = await ok(cli, ['node', 'replace', 'b2', code, '--yes', '-o', 'json'])
  const { old: replaced, node, name, pool, labels, eligible, receipt } = JSON.parse(ran.stdout) as Record<string, unknown>
  assert.deepEqual([replaced, node, name, pool, labels, eligible], [old.spec.id, fresh.spec.id, 'b2', 'default', { role: 'till' }, true])
  assert.deepEqual((receipt as { confirmed: boolean }).confirmed, true)
  world.until('it runs what only a board of that name and label may run', () => runners(world, slot(job)).length === 1, 20_000)
  assert.deepEqual(runners(world, slot(job)), ['b3'])
  world.heal()
  world.until('all know', () => standingOf(b0, fresh) === 'member' && standingOf(b0, old) === 'evicted', 60_000)
  const { name: called, labels: given, weight } = seenBy(b0, fresh)!
  assert.deepEqual([called, given, weight], ['b2', { role: 'till' }, 7])
  // By that name it is found from now on; the old one is shown as what it is.
  const { stdout } = await ok(cli, ['node', 'status'])
  assert.match(stdout, new RegExp(`b2 +${old.spec.id.slice(8, 16)} .*replaced`))
  assert.match((await ok(cli, ['node', 'status', 'b2'])).stdout, new RegExp(`Node +b2 \\(${fresh.spec.id}\\)`))
  assert.match((await ok(cli, ['node', 'status', old.spec.id])).stdout, new RegExp(`Replaced by +${fresh.spec.id.slice(8, 16)}`))
})

test('a member takes the place of another; said again by ids it changes nothing, and its key never comes back', async () => {
  const { world, boards, cli } = await shop({})
  const [b0, , old, fresh] = boards as [Board, Board, Board, Board]
  wish(world, b0, old, new Map([[opsPaths.eligible, false]]))
  world.run(2_000)
  const ran = await ok(cli, [...replaceB2(fresh), '--yes'])
  assert.match(
    ran.stdout,
    /^node b3 \(.{8}\) has taken the place of b2 \(.{8}\)\nit gets no copies, .*node eligibility b2 --enable\nreceipt for /,
  )
  world.run(5_000)
  assert.deepEqual([seenBy(b0, fresh)?.name, seenBy(b0, fresh)?.eligible], ['b2', false])
  const before = b0.core!.state!.docs.get(`ops/${old.spec.id}` as never)?.digest
  const since = [opsPaths.label('role'), 'kiosk'] as const
  wish(world, b0, fresh, new Map<string, string | number | boolean>([since, [opsPaths.weight, 1], [opsPaths.eligible, true]]))
  world.run(2_000)
  await ok(cli, ['node', 'replace', old.spec.id, fresh.spec.id, '--yes'])
  world.run(5_000)
  assert.equal(b0.core!.state!.docs.get(`ops/${old.spec.id}` as never)?.digest, before)
  const { labels, weight, eligible } = seenBy(b0, fresh)!
  assert.deepEqual([labels, weight, eligible], [{ role: 'kiosk' }, 1, true], 'what was wished about it since then stands')
  const late = await cli.run(['node', 'replace', old.spec.id, fresh.spec.id, '--yes', '--confirm', '9', '--confirm-timeout', '1ms'])
  assert.equal(late.exitCode, 3)
  // Its key never comes back, whoever asks.
  await fails(cli, /E_REPLACED: node .* was replaced by .{8}/, ['node', 'admit', old.spec.id])
  await fails(cli, /E_REPLACED/, ['node', 'evict', old.spec.id, '--undo'])
  assert.equal(standingOf(b0, old), 'evicted')
})

test('it asks, and says of whom it speaks and when that was last heard; without a terminal or a yes nothing is changed', async () => {
  const { world, boards, cli } = await shop({ token: null })
  const [b0, , old, fresh] = boards as [Board, Board, Board, Board]
  const asked =
    /b2 \(.{8}, pool default, last heard \d+s ago; b1 hears 2 of 3 nodes\) is evicted for good, its key never comes back\. b3 .* gets its name, 1 label /
  await fails(cli, /E_CONFIRM: there is no terminal .*nothing was changed\nhint: .*--yes/, replaceB2(fresh))
  const no = await cli.run(replaceB2(fresh), { isTty: true, stdin: 'no\n' })
  assert.equal(no.exitCode, 1)
  assert.match(no.stdout, asked)
  world.run(5_000)
  assert.deepEqual([standingOf(b0, old), standingOf(b0, fresh)], ['member', null])
  await ok(cli, replaceB2(fresh), { isTty: true, stdin: 'yes\n' })
  world.run(5_000)
  assert.deepEqual([standingOf(b0, old), standingOf(b0, fresh)], ['evicted', 'member'])
})

test('a board that is alive is replaced with --force only; then it stops what it runs, and the one in its place runs it', async () => {
  const { world, boards, cli } = await shop({})
  const [b0, b1, , fresh] = boards as [Board, Board, Board, Board]
  const job = submitJob(world, b0, { group: { constraints: [{ attribute: '${node.unique.name}', operator: '=', value: 'b0' }] } })
  world.until('it runs', () => runners(world, slot(job)).length === 1, 20_000)
  await fails(cli, /E_ALIVE: node b0 is alive: b1 hears it now\nhint: .*--force/, ['node', 'replace', 'b0', 'b3', '--yes'])
  assert.equal(standingOf(b1, b0), 'member')
  await ok(cli, ['node', 'replace', 'b0', 'b3', '--yes', '--force'])
  world.until('its place is taken', () => runners(world, slot(job))[0] === 'b3', 20_000)
  assert.deepEqual([b0.tasks.size, seenBy(b1, fresh)?.name], [0, 'b0'])
})

test('one that left or was evicted before can be replaced; a replaced one only by whoever took its place', async () => {
  const { world, boards, cli } = await shop({}, {})
  const [b0, , old, fresh, next] = boards as [Board, Board, Board, Board, Board]
  wish(world, b0, old, new Map([[opsPaths.evicted, true]]))
  world.run(2_000)
  await ok(cli, [...replaceB2(fresh), '--yes'])
  world.run(2_000)
  await fails(cli, /E_REPLACED: node b2 was replaced by .{8} already\nhint: .*node replace .{8} b4/, [
    'node',
    'replace',
    old.spec.id,
    'b4',
    '--yes',
  ])
  await fails(cli, /E_REPLACEMENT: node b2 is replaced itself/, ['node', 'replace', 'b4', old.spec.id, '--yes', '--force'])
  // A chain: by the name, which is that of whoever has it now.
  world.powerCut(fresh)
  world.run(20_000)
  await ok(cli, ['node', 'replace', 'b2', 'b4', '--yes'])
  world.run(2_000)
  assert.deepEqual(
    [seenBy(b0, next)?.name, seenBy(b0, fresh)?.replacedBy, seenBy(b0, old)?.replacedBy],
    ['b2', [next.spec.id], [fresh.spec.id]],
  )
})

test('refused before anything is written: the same board, one of another pool, and those that could not take its work', async () => {
  const { world, boards, cli } = await shop({ token: null, pool: 'depot' }, { token: 51, pool: 'depot' }, {}, {})
  const [b0, , old, waits, elsewhere, drains, out] = boards as [Board, Board, Board, Board, Board, Board, Board]
  wish(world, b0, drains, new Map([[opsPaths.draining, true]]))
  wish(world, b0, out, new Map([[opsPaths.evicted, true]]))
  world.run(5_000)
  const refused = (words: RegExp, board: Board): Promise<void> => fails(cli, words, [...replaceB2(board), '--yes'])
  await refused(/E_REPLACEMENT: node b2 is the board that is to be replaced/, old)
  for (const board of [waits, elsewhere])
    await refused(
      /E_REPLACEMENT: node b\d is in pool depot, and node b2 in default: nothing was changed\nhint: start the agent there with .* pool: default/,
      board,
    )
  await refused(/E_REPLACEMENT: node b5 drains/, drains)
  await refused(/E_REPLACEMENT: node b6 is evicted: nothing was changed\nhint: .*node admit/, out)
  await fails(cli, /E_NODE_UNKNOWN/, ['node', 'replace', 'b2', 'nobody', '--yes'])
  await fails(cli, /E_NODE_UNKNOWN/, ['node', 'replace', 'nobody', 'b5', '--yes'])
  world.run(5_000)
  assert.deepEqual([standingOf(b0, old), b0.core!.state!.docs.has(`ops/${waits.spec.id}` as never)], ['member', false])
})
