// A fleet from nothing, typed from the README: two commands on the first board, the join file carried over, one command on the
// second. Each board has its own network, disk, host name and processes; they share nothing but the link.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { AllocRow } from '../../crdt/api-jobs.ts'
import type { NodeRow } from '../../crdt/api-nodes.ts'
import { runningOn, until } from './support/fleet.ts'
import { Machine } from './support/machine.ts'
import { Rig } from './support/netns.ts'
import type { Ran } from './support/run.ts'

const rig = new Rig()
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('    shoal '))
  .map((line) => line.replace(/ +#.*/, '').trim())
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

/** The line of the README that begins so, with the example's address put right; what stands in the README, works. */
function readmeLine(start: string): string {
  const found = readme.filter((line) => line.startsWith(start))
  assert.equal(found.length, 1, `the README shows '${start}' once`)
  return found[0]!.replace('/ip4/192.0.2.1/tcp/7420', addressOne)
}

function fine(ran: Ran): Ran {
  assert.equal(ran.code, 0, ran.output)
  return ran
}

test('the first board: a fleet and its agent', async () => {
  const made = fine(await one.type(readmeLine('shoal fleet init')))
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
  fine(await one.type(readmeLine('shoal job init')))
  // The one line of the file that the test needs otherwise.
  fine(await one.type("sed -i 's/count: 1 .*/count: 2/' hello.yaml"))
  const planned = await one.type(readmeLine('shoal job plan'))
  assert.equal(planned.code, 1, `there are changes: ${planned.output}`)
  for (const place of [/hello\/main\/[01] .*one/, /hello\/main\/[01] .*two/]) assert.match(planned.stdout, place)
  const ran = fine(await one.type(`${readmeLine('shoal job run')} --peer ${addressTwo}`))
  assert.match(ran.output, /2 of 2 copies healthy/)
  const { allocs } = JSON.parse(fine(await one.type('shoal alloc status -o json')).stdout) as { allocs: readonly AllocRow[] }
  assert.deepEqual(runningOn(allocs), ['one', 'two'])
})

test('what runs, and what it says, on this board and on the other', async () => {
  const { stdout } = fine(await one.type(readmeLine('shoal ps')))
  const ids = stdout.split('\n').flatMap((row) => /\b[0-9a-f]{8,}\b/.exec(row)?.[0] ?? [])
  assert.equal(ids.length, 2, stdout)
  for (const id of ids) {
    const followed = await one.type(`timeout -s INT 5 ${readmeLine('shoal logs -f').replace('ALLOC', id)}`)
    assert.match(followed.stdout, /\d\d:\d\d:\d\d/, `the template's task says what time it is: ${followed.output}`)
  }
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
