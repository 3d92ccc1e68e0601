// Devices on a real agent and real processes, with folders in the place of /sys and /dev: an adapter that is plugged in is told, allowed,
// given to one copy, and found again by an agent that was killed.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { FakeBoard } from '../support/sysfs.ts'
import { type Agent, Fleet, aliveOn, allocsOf, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopbacks } from './support/ports.ts'

const fleet = new Fleet()
const board = new FakeBoard()
let agent: Agent

before(async () => {
  const [listen = ''] = await loopbacks(1)
  await fleet.init([listen])
  board.adapter('1.1', 'ttyUSB0', { product: 'FT232R' })
  board.adapter('1.2', 'ttyUSB1', { idProduct: '6015' })
  const devices = { sysfs: board.sys, dev: board.dev, allow: ['serial'], deny: ['0403/serial/6015'] }
  agent = fleet.start('a', { listen, config: { devices } })
  await until('the board sees itself', 120_000, async () => (await aliveOn(agent)).length === 1).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
})

after(async () => {
  await fleet.stop()
  board.remove()
})

const at = (): readonly string[] => ['--peer', `unix:${agent.socket}`]
const devices = [{ name: 'serial', constraints: [{ attribute: '${device.attr.product}', value: 'FT232R' }] }]
const out = (name: string): string => join(fleet.folder, name)

function file(name: string, count = 1, asking = 'serial'): object {
  const asked = job(name, { script: `echo "$$ $SHOAL_DEVICE_serial" >> '${out(name)}'; exec sleep 1000000` }) as {
    groups: { g: { tasks: { app: { resources: object } } } }
  }
  Object.assign(asked.groups.g.tasks.app.resources, { devices: devices.map((one) => ({ ...one, count, name: asking })) })
  return asked
}

const said = (name: string): string[] => readFileSync(out(name), 'utf8').split('\n').slice(0, -1)
const show = async (...words: readonly string[]): Promise<string> => (await fleet.cli([...words, ...at()])).output

test('a copy gets the adapter, a second one does not and says why, and a killed agent still knows who has it', async () => {
  await until('it is told', 60_000, async () => (await show('node', 'status', 'a')).includes('0403/serial/6001'))
  assert.match(await show('node', 'status', 'a'), /0403\/serial\/6001 {2}serial-0000:00:14\.0-usb2-1\.1-1\.0 {2}free/)
  assert.doesNotMatch(await show('node', 'status', 'a'), /6015/)
  for (const name of ['one', 'two']) writeFileSync(out(name), '')
  const ran = await fleet.runJob(agent, file('one'))
  assert.equal(ran.code, 0, `${ran.output}\n${fleet.logs()}`)
  await until('it has begun', 60_000, async () => said('one').length === 1)
  const [first = ''] = said('one')
  // As the host calls it, wherever the agent sees it.
  assert.equal(first.split(' ')[1], '/dev/ttyUSB0')
  assert.match(await show('node', 'status', 'a'), /usb2-1\.1-1\.0 {2}held by default\/one\/g\/0/)
  const [row] = await allocsOf(agent, 'one')
  assert.match(await show('alloc', 'status', row!.alloc), /Devices +serial-0000:00:14\.0-usb2-1\.1-1\.0/)

  const plan = await fleet.cli(['job', 'plan', fleet.jobFile(file('one', 2)), ...at()])
  assert.match(plan.output, /~ groups\.g\.tasks\.app\.resources\.devices\[0\]\.count: 1 → 2/)

  const [whatIf, none] = await Promise.all(
    ['serial', 'gpu'].map(async (name) => {
      const asked = fleet.jobFile(file('one', 1, name))
      return (await fleet.cli(['job', 'plan', asked, '--what-if', 'kill a', ...at()])).output
    }),
  )
  assert.match(whatIf!, /0:00\.0 to the end +a\n/)
  // Where nobody has what the new version asks for, the former one runs on.
  assert.match(none!, /one\/g\/0[^]*0:00\.0 to the end +a\n/)

  await fleet.cli(['job', 'run', '--detach', fleet.jobFile(file('two')), ...at()])
  await until('it cannot be placed', 60_000, async () => (await show('job', 'explain', 'two')).includes('device-taken'))
  await fleet.kill(agent)
  fleet.launch(agent)
  await until('the agent is back', 60_000, async () => (await allocsOf(agent, 'one'))[0]?.healthy === true)
  assert.match(await show('job', 'explain', 'two'), /device-taken/)
  assert.deepEqual([said('one').length, said('two')], [1, []])

  assert.equal((await fleet.cli(['job', 'stop', 'one', ...at()])).code, 0)
  await until('the other has it', 60_000, async () => said('two').length === 1)
  assert.equal(said('two')[0]!.split(' ')[1], '/dev/ttyUSB0')
})

test('what is asked wrongly is refused at its line', async () => {
  const asked = file('wrong') as { groups: { g: { tasks: { app: { resources: object } } } } }
  const constraints = [{ attribute: '${attr.cpu.arch}', value: 'arm64' }]
  Object.assign(asked.groups.g.tasks.app.resources, { devices: [{ name: 'a/b/c/d', count: 1, constraints }] })
  const refused = await fleet.runJob(agent, asked)
  assert.equal(refused.code, 1)
  assert.match(
    refused.output,
    /:\d+:\d+: groups\.g\.tasks\.app\.resources\.devices\[0\]\.name: found "a\/b\/c\/d"; allowed: type, vendor\/type/,
  )
  assert.match(refused.output, /devices\[0\]\.constraints\[0\]\.attribute: found "\$\{attr\.cpu\.arch\}"; allowed: \$\{device\.attr/)
})
