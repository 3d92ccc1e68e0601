// Two boards behind NATs and a third one that both can dial, with no setting anywhere: logs of one are read from the other, over the third. That one
// listens for WebSockets on 443.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { NodeRow } from '../../crdt/api-nodes.ts'
import { type Agent, Fleet, aliveOn, allocsOf, ask, until } from './support/fleet.ts'
import { Rig } from './support/netns.ts'

const rig = new Rig()
const fleet = new Fleet()
let home: Agent

before(async () => {
  for (const name of ['gate', 'shop', 'home']) rig.addBoard(name)
  const address = (name: string): string => `/ip4/${rig.address(name)}/tcp/7420`
  const door = `/ip4/${rig.address('gate')}/tcp/443/ws`
  await fleet.init([door])
  for (const name of ['shop', 'home']) rig.behindNat(name)
  fleet.start('gate', { namespace: rig.namespace('gate'), listen: door })
  fleet.start('shop', { namespace: rig.namespace('shop'), listen: address('shop') })
  home = fleet.start('home', { namespace: rig.namespace('home'), listen: address('home') })
  await until('three boards see each other', 60_000, async () => (await aliveOn(home)).length === 3)
})

after(async () => {
  await fleet.stop()
  rig.destroy()
})

async function pathFromHome(): Promise<NodeRow['path']> {
  const { nodes } = await ask(home, 'nodes', { method: 'node.list' })
  return nodes.find(({ name }) => name === 'shop')?.path
}

test('logs of a board behind a NAT are read from a board behind another', async () => {
  const app = { driver: 'raw_exec', config: { command: '/bin/sh', args: ['-c', 'echo the till is open; exec sleep 1000000'] } }
  const constraints = [{ attribute: '${node.unique.name}', value: 'shop' }]
  const job = { job: 'till', groups: { g: { constraints, update: { min_healthy_time: '1s' }, tasks: { app } } } }
  const ran = await fleet.runJob(home, job)
  assert.equal(ran.code, 0, ran.output)
  const [alloc] = await until('the copy is known', 10_000, async () => {
    const known = await allocsOf(home, 'till')
    return known.length > 0 ? known : false
  })
  await until('shop says by whom it is reached', 40_000, async () => {
    const { node } = await ask(home, 'node', { method: 'node.status', node: 'shop' })
    return node.addresses.some((address) => address.includes('/p2p-circuit/'))
  })
  const read = await fleet.cli(['alloc', 'logs', alloc!.alloc, '--peer', `unix:${home.socket}`])
  assert.match(read.stdout, /the till is open/, read.output)
  assert.deepEqual(await pathFromHome(), { over: 'websocket', via: 'gate' })
  const { stdout } = await fleet.cli(['node', 'status', '--peer', `unix:${home.socket}`])
  assert.match(stdout, /shop .*relay gate/)
})
