import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkDefaults } from '../../../../../crdt/documents/defaults.ts'
import type { TaskSpec } from '../../../../../crdt/spec.ts'
import { bootPool, home, place } from '../../../../support/pool.ts'
import type { TaskRequest } from '../../../../../node/core/ports.ts'
import { jobSpec, slot } from '../../../../support/world.ts'

function requestOf(task: Partial<TaskSpec>): { request: TaskRequest; node: string } {
  const { world } = bootPool(1, { board: () => ({ labels: { zone: 'north' } }) })
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
