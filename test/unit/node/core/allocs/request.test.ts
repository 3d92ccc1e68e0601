import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configDefaults, networkDefaults } from '../../../../../crdt/documents/defaults.ts'
import type { Fault } from '../../../../../crdt/documents/fault.ts'
import { checkReferences } from '../../../../../crdt/documents/reference-rules.ts'
import { sampleTask } from '../../../../../simulator/sample-job.ts'
import type { TaskSpec } from '../../../../../crdt/spec.ts'
import { check } from '../../../../support/checks.ts'
import { bootPool, home, place } from '../../../../support/pool.ts'
import { lackOf, requestOf as requestAsked } from '../../../../../node/core/allocs/request.ts'
import { type TaskRequest, taskDirMark } from '../../../../../node/core/ports.ts'
import type { Step } from '../../../../../node/core/state.ts'
import { jobSpec, slot } from '../../../../support/world.ts'

function requestOf(task: Partial<TaskSpec>): { request: TaskRequest; node: string } {
  const { world } = bootPool(1, { board: () => ({ labels: { zone: 'north' }, drivers: ['docker', 'raw_exec'] }) })
  let request: TaskRequest | undefined
  world.tasks.refuse = (_board, asked, phase) => {
    if (phase === 'start') request = asked
    return null
  }
  const [app] = jobSpec().groups[0]!.tasks
  const job = place(world, {
    group: {
      meta: { team: 'a b' },
      network: { ...networkDefaults, ports: [{ label: 'http', static: 8080, to: null }] },
      tasks: [{ ...app!, ...task }],
    },
  })
  return { request: request!, node: home(world, slot(job)).spec.id }
}

test('a task is told who and where it is', () => {
  const { request, node } = requestOf({})
  const { env } = request
  assert.deepEqual(
    [env['SHOAL_JOB'], env['SHOAL_GROUP'], env['SHOAL_TASK'], env['SHOAL_INDEX'], env['SHOAL_GENERATION']],
    ['web', 'g', 'app', '0', '1'],
  )
  assert.deepEqual(
    [env['SHOAL_NODE_ID'], env['SHOAL_NODE_NAME'], env['SHOAL_PORT_http'], env['SHOAL_META_team']],
    [node, 'b0', '8080', 'a b'],
  )
})

test('what a file may name of every copy is what each copy is told', () => {
  const { env } = requestOf({}).request
  const fixed = Object.keys(env).filter((name) => !/^SHOAL_(PORT|META)_/.test(name))
  const faultsOf = (text: string): readonly Fault[] =>
    checkReferences(jobSpec({ group: { tasks: [sampleTask({ config: { ...configDefaults, command: 'x', args: [text] } })] } }))
  assert.deepEqual(faultsOf(fixed.map((name) => `\${${name}}`).join('')), [])
  const [words = ''] = faultsOf('${SHOAL_NONE}')[0]!.allowed.split(';')
  assert.deepEqual(words.split(', ').sort(), fixed.sort())
})

test('names in braces are filled in, also in arguments; unknown ones stay for the shell', () => {
  const config = {
    command: '/bin/app',
    args: ['${SHOAL_INDEX}', '${node.unique.name}', '${attr.cpu.arch}', '${label.zone}', '${HOME}', '$HOME'],
    volumes: [],
    privileged: false,
    readOnlyRoot: false,
  }
  const { request } = requestOf({ config, env: { URL: 'http://${node.unique.name}:${SHOAL_PORT_http}' } })
  assert.deepEqual(request.spec.config.args, ['0', 'b0', 'arm64', 'north', '${HOME}', '$HOME'])
  assert.equal(request.env['URL'], 'http://b0:8080')
})

test('every text of a task is filled in, its own environment only where it is asked for', () => {
  const all = 'x-${SHOAL_JOB}-${env["URL"]}'
  const config = {
    image: all,
    command: all,
    args: [all, '${URL}', '$${SHOAL_JOB}'],
    entrypoint: [all],
    workDir: `/${all}`,
    user: '${label.zone}',
    volumes: ['/srv/${SHOAL_INDEX}:/data/${label.zone}:ro'],
    privileged: false,
    readOnlyRoot: false,
  }
  const { request } = requestOf({ driver: 'docker', config, env: { URL: '${node.pool}', PLAIN: '${env["URL"]}' } })
  const becomes = 'x-web-default'
  assert.deepEqual(request.spec.config, {
    ...config,
    image: becomes,
    command: becomes,
    args: [becomes, '${URL}', '${SHOAL_JOB}'],
    entrypoint: [becomes],
    workDir: `/${becomes}`,
    user: 'north',
    volumes: ['/srv/0:/data/north:ro'],
  })
  assert.deepEqual([request.env['URL'], request.env['PLAIN']], ['default', '${env["URL"]}'])
})

test('the folder of a task is left to its driver, where programs read it and nowhere else', () => {
  const { world, first } = bootPool(1)
  place(world)
  const { state } = first.core!
  const [alloc] = [...state!.allocs.values()]
  const run = alloc!.body.tasks.get('app')!
  const dir = '${SHOAL_TASK_DIR}'
  const config = { ...run.spec.config, command: dir, args: [`a${dir}`], volumes: [`/srv/${dir}:/x`] }
  const made = (more: Partial<TaskSpec>): TaskRequest => {
    const task = { ...run, spec: { ...run.spec, config, env: { DIR: dir }, ...more } }
    return requestAsked({ state } as Step, alloc!, alloc!.body, task)
  }
  const given = made({ dispatchPayloadFile: 'in' })
  assert.deepEqual([given.spec.config.command, given.spec.config.args, given.env['DIR']], [taskDirMark, [`a${taskDirMark}`], taskDirMark])
  assert.deepEqual(given.spec.config.volumes, config.volumes)
  assert.deepEqual([made({}).spec.config.command, made({}).env['DIR']], [dir, dir])
})

test('why a task cannot be started here, in words', () => {
  const { world, first } = bootPool(1, { board: () => ({ labels: { zone: 'a:/etc', up: '../etc', dot: '.' } }) })
  place(world, { group: { meta: { big: 'x'.repeat(4_096) } } })
  const { state } = first.core!
  const [alloc] = [...state!.allocs.values()]
  const run = alloc!.body.tasks.get('app')!
  const lack = (spec: Partial<TaskSpec>): string | null =>
    lackOf({ state } as Step, alloc!, alloc!.body, { ...run, spec: { ...run.spec, ...spec } })
  const config = (more: Partial<TaskSpec['config']>): Partial<TaskSpec> => ({ config: { ...run.spec.config, ...more } })
  const cases: readonly (readonly [Partial<TaskSpec>, string | null])[] = [
    [{}, null],
    [config({ args: ['${label.zone} ${HOME} ${SHOAL_NONE} ${node.class} $${attr.x}'] }), null],
    [config({ args: ['${attr.gpu}', '${label.line}', '${attr.gpu}'] }), 'task app: this board has no ${attr.gpu}, ${label.line}'],
    [{ env: { A: '${meta.line}' } }, 'task app: this board has no ${meta.line}'],
    [{ checks: [check({ path: '/${label.line}' })] }, 'task app: this board has no ${label.line}'],
    [config({ volumes: ['/srv/${label.zone}:/data'] }), 'task app: the volume /srv/a:/etc:/data has a colon in a value that was filled in'],
    [config({ volumes: ['/a/../${SHOAL_JOB}:/data'] }), null],
    [config({ volumes: ['/srv/${label.up}:/data'] }), 'task app: the volume /srv/../etc:/data has .. in a value that was filled in'],
    [config({ volumes: ['/srv/.${label.dot}/etc:/data'] }), 'task app: the volume /srv/../etc:/data has .. in a value that was filled in'],
    [config({ args: ['${SHOAL_META_big}'.repeat(16)] }), null],
    [
      config({ args: ['${SHOAL_META_big}'.repeat(16), '${SHOAL_JOB}'] }),
      'task app: more than 65536 characters would be filled into its texts',
    ],
  ]
  for (const [spec, words] of cases) assert.equal(lack(spec), words)
})
