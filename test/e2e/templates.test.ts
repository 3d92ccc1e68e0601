// Templates and variables on a real agent and real processes: which file a task has, whom it is told by, and that nothing is told twice.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Agent, Fleet, allocsOf, startAlone, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'

const fleet = new Fleet()
let agent: Agent

before(async () => {
  agent = await startAlone(fleet, { zone: 'north' })
})

after(async () => await fleet.stop())

const at = (): readonly string[] => ['--peer', `unix:${agent.socket}`]

/** Says its process and its file when it begins and whenever it gets the signal. */
function teller(name: string): { readonly said: () => string[]; readonly script: string } {
  const out = join(fleet.folder, name)
  writeFileSync(out, '')
  const say = `echo "$$ $(cat "$SHOAL_TASK_DIR/etc/app.conf")" >> '${out}'`
  const script = `trap 'echo told >> "${out}"; ${say.replaceAll("'", '"')}' HUP; ${say}; while true; do sleep 0.1; done`
  return { script, said: () => readFileSync(out, 'utf8').split('\n').slice(0, -1) }
}

async function said(what: string, task: ReturnType<typeof teller>, lines: number): Promise<string[]> {
  await until(what, 60_000, async () => task.said().length >= lines).catch((error: unknown) => {
    throw new Error(`${task.said().join('\n')}\n${fleet.logs()}`, { cause: error })
  })
  return task.said()
}

const template = (more: object): object => ({ destination: 'etc/app.conf', data: '${label.zone} ${var.LEVEL}', splay: '0s', ...more })

test('signal: a label and a variable that change reach the file and the process, which goes on; a new agent tells it nothing', async () => {
  const task = teller('told')
  const file = (level: string): object => ({
    ...job('told', { script: task.script, task: { templates: [template({ change_mode: 'signal', change_signal: 'SIGHUP' })] } }),
    variables: { LEVEL: level },
  })
  const ran = await fleet.runJob(agent, file('info'))
  assert.equal(ran.code, 0, `${ran.output}\n${fleet.logs()}`)
  const [first = ''] = await said('it has begun', task, 1)
  const [pid] = first.split(' ')
  assert.equal(first, `${pid} north info`)

  assert.equal((await fleet.cli(['node', 'meta', 'a', 'zone=south', ...at()])).code, 0)
  assert.deepEqual((await said('of the label', task, 3)).slice(1), ['told', `${pid} south info`])

  const plan = await fleet.cli(['job', 'plan', fleet.jobFile(file('debug')), ...at()])
  assert.match(plan.output, /~ variables\.LEVEL: info → debug\n[^]*told\/g\/0 +stays on/)
  const edited = await fleet.runJob(agent, file('debug'))
  assert.equal(edited.code, 0, edited.output)
  assert.deepEqual((await said('of the variable', task, 5)).slice(3), ['told', `${pid} south debug`])

  await fleet.kill(agent)
  fleet.launch(agent)
  await until('the agent is back', 60_000, async () => (await allocsOf(agent, 'told'))[0]?.healthy === true)
  assert.equal((await fleet.cli(['node', 'meta', 'a', 'zone=east', ...at()])).code, 0)
  assert.deepEqual((await said('of the next label', task, 7)).slice(5), ['told', `${pid} east debug`])
  const [row] = await allocsOf(agent, 'told')
  assert.deepEqual([row!.restarts, row!.generation], [0, 1])
  const shown = await fleet.cli(['job', 'inspect', 'told', ...at()])
  assert.match(
    shown.output,
    /variables:\n {2}LEVEL: debug\n[^]*templates:\n +- destination: etc\/app\.conf\n +data: \$\{label\.zone\} \$\{var\.LEVEL\}\n/,
  )
})

test('restart: the task begins anew with the file, at the same generation, and it counts as no failure', async () => {
  const task = teller('anew')
  const file = (level: string): object => ({
    ...job('anew', {
      script: task.script,
      task: { templates: [template({ data: 'level ${var.LEVEL}' })] },
      group: { restart: { attempts: 0 } },
    }),
    variables: { LEVEL: level },
  })
  assert.equal((await fleet.runJob(agent, file('info'))).code, 0)
  await said('it has begun', task, 1)
  assert.equal((await fleet.runJob(agent, file('debug'))).code, 0)
  const [one = '', two = ''] = await said('it has begun anew', task, 2)
  assert.deepEqual([one.split(' ').slice(1), two.split(' ').slice(1)], [['level', 'info'], ['level', 'debug']]) // prettier-ignore
  assert.notEqual(one.split(' ')[0], two.split(' ')[0])
  await until('it is healthy again', 60_000, async () => (await allocsOf(agent, 'anew'))[0]?.healthy === true)
  const [row] = await allocsOf(agent, 'anew')
  assert.deepEqual([row!.restarts, row!.generation], [0, 1])
})

test('what no board can know, and a path out of the folder, are refused at their lines', async () => {
  const refused = await fleet.runJob(
    agent,
    job('refused', { task: { templates: [template({ destination: '../etc/passwd' }), template({ change_mode: 'signal' })] } }),
  )
  assert.equal(refused.code, 1)
  assert.match(refused.output, /\.json:\d+:\d+: groups\.g\.tasks\.app\.templates\[0\]\.destination: found "\.\.\/etc\/passwd"/)
  assert.match(refused.output, /templates\[0\]\.data: found "\$\{var\.LEVEL\}"; allowed: a variable of the job \(it has none/)
  assert.match(refused.output, /templates\[1\]\.change_signal: found nothing; allowed: a signal such as SIGHUP/)
})
