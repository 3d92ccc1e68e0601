// A fleet from nothing, as the README shows it: two commands on the first board, the join file carried over, one command on the
// second. Each board has its own network, disk, host name and processes; they share nothing but the link.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { AllocRow, NodeRow } from '../../crdt/api-types.ts'
import { until } from './support/fleet.ts'
import { Machine } from './support/machine.ts'
import { Rig } from './support/netns.ts'
import type { Ran } from './support/run.ts'

const rig = new Rig()
let one: Machine
let two: Machine
let addressOne = ''
let addressTwo = ''
let logs = ''

before(async () => {
  for (const name of ['one', 'two']) rig.addBoard(name)
  addressOne = `/ip4/${rig.address('one')}/tcp/7420`
  addressTwo = `/ip4/${rig.address('two')}/tcp/7420`
  one = await Machine.start(rig.namespace('one'), 'one')
  two = await Machine.start(rig.namespace('two'), 'two')
})

after(async () => {
  await one?.switchOff()
  await two?.switchOff()
  rig.destroy()
})

function startAgent(board: Machine, line: string): void {
  board.typeInBackground(line, (text) => (logs += text))
}

async function nodes(line: string): Promise<readonly NodeRow[]> {
  const ran = await one.type(line)
  assert.equal(ran.code, 0, ran.output)
  return (JSON.parse(ran.stdout) as { nodes: readonly NodeRow[] }).nodes
}

async function twoAlive(line: string): Promise<readonly NodeRow[]> {
  return await until(`two boards alive: ${line}`, 120_000, async () => {
    const seen = await nodes(line)
    return seen.length === 2 && seen.every((node) => node.liveness === 'alive') ? seen : false
  }).catch((error: unknown) => {
    throw new Error(logs.slice(-4_000), { cause: error })
  })
}

function fine(ran: Ran): Ran {
  assert.equal(ran.code, 0, ran.output)
  return ran
}

test('the first board: a fleet and its agent', async () => {
  const made = fine(await one.type(`shoal fleet init acme --peer ${addressOne}`))
  assert.match(made.output, /shoal agent --join acme\.join\.json/, 'it says what to do next')
  startAgent(one, 'shoal agent --join acme.join.json --raw-exec')
  // The context that `fleet init` made, its key, and libp2p: no socket.
  const seen = await until('the first board answers', 60_000, async () => await nodes('shoal status -o json'))
  assert.deepEqual(
    seen.map((node) => node.name),
    ['one'],
  )
})

test('the second board joins with the carried file and one command', async () => {
  two.bring('acme.join.json', one)
  startAgent(two, 'shoal agent --join acme.join.json --raw-exec')
  const seen = await twoAlive('shoal status -o json')
  assert.deepEqual(seen.map((node) => node.name).toSorted(), ['one', 'two'])
})

test('the operator asks either board, with the same answer', async () => {
  await twoAlive(`shoal status -o json --peer ${addressTwo}`)
  const views = await until('one view', 60_000, async () => {
    const answers = [
      fine(await one.type(`shoal status -o json --peer ${addressOne}`)),
      fine(await one.type(`shoal status -o json --peer ${addressTwo}`)),
    ]
    const coverage = answers.map((ran) => (JSON.parse(ran.stdout) as { coverage: { view: string; nodeName: string } }).coverage)
    return coverage[0]!.view === coverage[1]!.view ? coverage : false
  })
  assert.deepEqual(
    views.map((coverage) => coverage.nodeName),
    ['one', 'two'],
  )
})

test('a job of two copies is placed on both, submitted through the second board', async () => {
  const script =
    'groups: { web: { count: 2, update: { min_healthy_time: 1s }, tasks: { app: { driver: raw_exec, config: { command: /bin/sleep, args: ["1000000"] }, resources: { cpu: 20 MHz, memory: 16 MiB } } } } }'
  fine(await one.type(`printf '%s\\n' 'job: hello' '${script}' > hello.yaml`))
  const ran = fine(await one.type(`shoal job run hello.yaml --peer ${addressTwo}`))
  assert.match(ran.output, /2 of 2 copies healthy/)
  const { allocs } = JSON.parse(fine(await one.type('shoal alloc status -o json')).stdout) as { allocs: readonly AllocRow[] }
  assert.deepEqual(
    allocs
      .filter((alloc) => alloc.state === 'running')
      .map((alloc) => alloc.nodeName)
      .toSorted(),
    ['one', 'two'],
  )
})

test('with one board gone, the next of the list serves; the board needs its join file no more', async () => {
  fine(await one.type(`shoal context peers ${addressTwo} ${addressOne}`))
  await two.type('kill -9 $(cat /proc/[0-9]*/stat | awk \'$2 == "(node)" { print $1 }\'); rm acme.join.json')
  const { coverage } = JSON.parse(fine(await one.type('shoal status -o json')).stdout) as { coverage: { nodeName: string } }
  assert.equal(coverage.nodeName, 'one')
  await until('the loss is noticed', 60_000, async () => (await nodes('shoal status -o json')).some((node) => node.liveness !== 'alive'))
  startAgent(two, 'shoal agent --raw-exec')
  await twoAlive('shoal status -o json')
})

test('a machine without the key is told so, quickly', async () => {
  const stranger = await two.type(`shoal status --peer ${addressOne}`)
  assert.equal(stranger.code, 1)
  assert.match(stranger.output, /error E_NO_CONTEXT: .*\nhint: /)
})
