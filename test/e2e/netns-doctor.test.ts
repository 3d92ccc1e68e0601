// `shoal doctor` on real agents whose packets are really lost: a line that passes one way only, a board that cannot be dialled, a group that is
// away beside a name server that is silent. What each is called is what the simulator's boards call it.

import { after, before, test } from 'node:test'
import type { Diagnosis, Finding } from '../../crdt/api-doctor.ts'
import { type Agent, Fleet, aliveOn, ask, until } from './support/fleet.ts'
import { Rig } from './support/netns.ts'

const names = ['a', 'b', 'c', 'd']
const rig = new Rig()
const fleet = new Fleet()
const agents: Agent[] = []

before(async () => {
  for (const name of names) rig.addBoard(name)
  const address = (name: string): string => `/ip4/${rig.address(name)}/tcp/7420`
  await fleet.init(names.slice(0, 2).map(address))
  for (const name of names) agents.push(fleet.start(name, { namespace: rig.namespace(name), listen: address(name) }))
  await allTogether()
})

after(async () => {
  await fleet.stop()
  rig.destroy()
})

async function allTogether(): Promise<void> {
  await until('four boards see one another', 120_000, async () =>
    (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === 4),
  ).catch((error: unknown) => {
    throw new Error(fleet.logs(), { cause: error })
  })
}

async function findings(agent: Agent): Promise<readonly Finding[]> {
  const { diagnosis }: { readonly diagnosis: Diagnosis } = await ask(agent, 'doctor', { method: 'doctor' })
  return diagnosis.findings
}

const briefly = (found: readonly Finding[]): string[] => found.map(({ id, from, to }) => `${id}: ${from.join(' ')} > ${to.join(' ')}`)

/** Asked until it says so: how long a line is away until somebody minds follows from measured delays. */
async function says(agent: Agent, wanted: readonly string[]): Promise<void> {
  let last: readonly Finding[] = []
  await until(`${agent.name} says ${wanted.join(', ')}`, 120_000, async () => {
    last = await findings(agent)
    return JSON.stringify(briefly(last)) === JSON.stringify(wanted)
  }).catch((error: unknown) => {
    throw new Error(`${JSON.stringify(last, null, 1)}\n${fleet.logs(5)}`, { cause: error })
  })
}

test('a healthy mesh: nothing is named', async () => {
  for (const agent of agents) await says(agent, [])
})

test('two groups that cannot talk: each side names the other, and nothing once they can', async () => {
  const [a, b, c, d] = agents as [Agent, Agent, Agent, Agent]
  for (const one of [a, b]) for (const other of [c, d]) rig.part(one.name, other.name)
  await says(a, ['partition: a b > c d'])
  await says(d, ['partition: c d > a b'])
  rig.heal()
  await allTogether()
  for (const agent of agents) await says(agent, [])
})

test('packets that pass one way only, between two that others still hear', async () => {
  const [a, , c] = agents as [Agent, Agent, Agent, Agent]
  // An edge that is watched: what nobody probes, nobody misses.
  const { diagnosis } = await ask(c, 'doctor', { method: 'doctor' })
  const heard = diagnosis.reach.filter(({ from, heard: isHeard }) => from === 'a' && isHeard === 'yes').map(({ to }) => to)
  const deaf = agents.find(({ name }) => name !== 'c' && name !== 'a' && heard.includes(name)) ?? fleet.agent('b')
  rig.drop(a.name, deaf.name)
  await says(c, [`one-way: a > ${deaf.name}`])
  rig.heal()
  await allTogether()
  for (const agent of agents) await says(agent, [])
})
