// Admin changes that several keys sign, as admins type them: what is proposed, what is in effect, what is refused.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'

import { fleetDocId } from '../../../crdt/ids.ts'
import { fleetRights } from '../../../crdt/rights/fleet-rights.ts'
import { wordPaths } from '../../../crdt/rights/judge-doc.ts'
import { type KeyedFleet, fleetWithKeys, runJobFile } from '../../support/cli-fleet.ts'
import type { TestCli } from '../../support/cli-io.ts'

const open: TestCli[] = []
afterEach(async () => {
  for (const cli of open.splice(0)) await cli.close()
})

const admin = ['--role', 'admin'] as const

interface Several extends KeyedFleet {
  /** Runs a command that is only proposed; its id. */
  readonly proposed: (who: string, ...words: string[]) => Promise<string>
  readonly threshold: () => number
}

/** The founder `bay` and `a`, `b`, `c` are admins; `x` and `y` have keys. */
async function several(): Promise<Several> {
  const fleet = await fleetWithKeys(['a', 'b', 'c', 'x', 'y'])
  open.push(fleet.cli)
  for (const key of ['a', 'b', 'c']) await fleet.ok('bay', 'fleet', 'operator', 'add', key, ...admin, '--name', `anna-${key}`)
  const proposed = async (who: string, ...words: string[]): Promise<string> => {
    const done = await fleet.as(who, ...words)
    assert.equal(done.exitCode, 4, `${words.join(' ')}: ${done.stderr}${done.stdout}`)
    return /not in effect yet: ([0-9a-f]{16})\n/.exec(done.stdout)![1]!
  }
  return { ...fleet, proposed, threshold: () => fleetRights(fleet.mesh.docs.get(fleetDocId)!).threshold }
}

async function withThreshold(k: number): Promise<Several> {
  const fleet = await several()
  const id = await fleet.proposed('bay', 'fleet', 'threshold', 'set', String(k))
  const signers = ['a', 'b'].slice(0, k - 1)
  for (const who of signers.slice(0, -1)) assert.equal((await fleet.as(who, 'fleet', 'approve', id)).exitCode, 4)
  await fleet.ok(signers.at(-1)!, 'fleet', 'approve', id)
  assert.equal(fleet.threshold(), k)
  return fleet
}

test('a threshold takes effect when as many have signed as it asks for; then so does a new admin, and no sooner', async () => {
  const fleet = await several()
  const { as, ok, role, proposed } = fleet
  assert.match(await ok('bay', 'fleet', 'threshold', 'show'), /^1 of 4 admins signs .*\nthere is no recovery key: if 4 admin keys are lost/)
  const set = await proposed('bay', 'fleet', 'threshold', 'set', '2')
  assert.equal(fleet.threshold(), 1)
  assert.match(await ok('a', 'fleet', 'approve', set), /^in effect: [0-9a-f]{16}\n {2}the threshold is 2\nreceipt /)
  assert.equal(fleet.threshold(), 2)
  const id = await proposed('b', 'fleet', 'operator', 'add', 'x', ...admin, '--name', 'xaver')
  assert.equal(role('x'), undefined)
  assert.match(
    await ok('bay', 'fleet', 'proposals'),
    new RegExp(
      `^${id}  proposed by anna-b at .*\\n  name the key 12D3\\w+ 'xaver'\\n  make the key 12D3\\w+ an admin\\n  signed by: anna-b\\n  1 more admin of 2 signs it`,
    ),
  )
  const again = await as('b', 'fleet', 'approve', id)
  assert.equal(again.exitCode, 4, 'a second signature of the same key is none')
  assert.equal(role('x'), undefined)
  assert.match(await ok('bay', 'fleet', 'approve', id), /^in effect: /)
  assert.equal(role('x'), 'admin')
  assert.match(await ok('bay', 'fleet', 'proposals'), /^nothing is proposed\n$/)
  assert.match((await as('a', 'fleet', 'approve', id)).stderr, /error E_PROPOSAL: no proposal that is open begins with/)
})

test('the work of a day takes one: operators and their revocation, tokens, addresses', async () => {
  const { ok, role } = await withThreshold(2)
  await ok('b', 'fleet', 'operator', 'add', 'x')
  assert.equal(role('x'), 'operator')
  await ok('b', 'fleet', 'operator', 'revoke', 'x')
  assert.equal(role('x'), undefined)
  await ok('b', 'fleet', 'bootstrap', 'add', '/ip4/192.0.2.1/tcp/7420')
})

test('three of four: each signs, the last puts it into effect; the same proposed again is the same', async () => {
  const { as, ok, role, proposed } = await withThreshold(3)
  const id = await proposed('a', 'fleet', 'operator', 'revoke', 'c')
  const same = await as('b', 'fleet', 'operator', 'revoke', 'c')
  assert.match(same.stdout, new RegExp(`^proposed before, and not in effect yet: ${id}\\n`))
  assert.equal((await as('b', 'fleet', 'approve', id)).exitCode, 4)
  assert.equal(role('c'), 'admin')
  await ok('bay', 'fleet', 'approve', id)
  assert.equal(role('c'), undefined)
})

test('a key that was stolen is voided by several: what it granted falls', async () => {
  const { ok, role, proposed } = await withThreshold(2)
  await ok('c', 'fleet', 'operator', 'add', 'y')
  const id = await proposed('a', 'fleet', 'operator', 'revoke', 'c', '--void')
  assert.match(await ok('b', 'fleet', 'approve', id), /it had given rights to these keys, which have none any more:\n {2}12D3/)
  assert.deepEqual([role('c'), role('y')], [undefined, undefined])
})

test('a key that goes: what it granted stands, and what it wrote in jobs is vouched for by whoever signs last', async () => {
  const { cli, keys, mesh, ok, role, proposed } = await withThreshold(2)
  await ok('c', 'fleet', 'operator', 'add', 'y')
  const ran = await runJobFile(cli, {}, '--context', 'c')
  assert.equal(ran.exitCode, 0, ran.stderr)
  const id = await proposed('a', 'fleet', 'operator', 'revoke', 'c')
  await ok('b', 'fleet', 'approve', id)
  assert.deepEqual([role('c'), role('y')], [undefined, 'operator'])
  assert.equal(mesh.job('default/hello').registers.get(wordPaths.vouch(keys.get('c')!)), 1)
})

test('more than there are admins is refused, and a revocation that leaves too few, unless it lowers the threshold itself', async () => {
  const fleet = await withThreshold(3)
  const { as, ok, role, proposed } = fleet
  assert.match(
    (await as('a', 'fleet', 'threshold', 'set', '5')).stderr,
    /error E_THRESHOLD: 5 admins are to sign, and the fleet would have 4/,
  )
  const first = await proposed('a', 'fleet', 'operator', 'revoke', 'c')
  const early = await proposed('a', 'fleet', 'operator', 'revoke', 'b')
  assert.equal((await as('b', 'fleet', 'approve', first)).exitCode, 4)
  await ok('bay', 'fleet', 'approve', first)
  assert.match((await as('a', 'fleet', 'operator', 'revoke', 'b')).stderr, /error E_THRESHOLD: .*would have 2/)
  assert.match((await as('bay', 'fleet', 'approve', early)).stderr, /error E_THRESHOLD: /)
  const lower = await proposed('a', 'fleet', 'operator', 'revoke', 'b', '--threshold', '2')
  assert.equal((await as('b', 'fleet', 'approve', lower)).exitCode, 4)
  await ok('bay', 'fleet', 'approve', lower)
  assert.deepEqual([role('b'), fleet.threshold()], [undefined, 2])
})

test('nobody proposes what boards would give no effect: a revocation of the first admin', async () => {
  const { as, mesh } = await withThreshold(2)
  const [founder] = fleetRights(mesh.docs.get(fleetDocId)!).seniority.keys()
  assert.match((await as('a', 'fleet', 'operator', 'revoke', founder!)).stderr, /error E_SENIORITY: no admin was there before/)
})

test('two juniors’ revocation of a senior has no effect before one who was there before signs last', async () => {
  const { as, ok, role, proposed } = await withThreshold(2)
  const id = await proposed('c', 'fleet', 'operator', 'revoke', 'a')
  const signed = await as('b', 'fleet', 'approve', id)
  assert.equal(signed.exitCode, 4)
  assert.match(signed.stdout, /^signed: .*\n {2}revoke the key .*\nenough admins have signed it: .* by one who was an admin before any/)
  assert.equal(role('a'), 'admin')
  await ok('bay', 'fleet', 'approve', id)
  assert.equal(role('a'), undefined)
})

test('who is no admin approves nothing; an id that is too short names nothing', async () => {
  const { as, ok, proposed } = await withThreshold(2)
  await ok('a', 'fleet', 'operator', 'add', 'x')
  const id = await proposed('a', 'fleet', 'operator', 'add', 'y', ...admin)
  assert.match((await as('x', 'fleet', 'approve', id)).stderr, /error E_ROLE: /)
  assert.match((await as('b', 'fleet', 'approve', id.slice(0, 7))).stderr, /error E_PROPOSAL: .*fewer digits/)
})
