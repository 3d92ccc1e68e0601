// Files made from templates: what a task is given, and what follows when a label of its board or a variable of its job changes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type JobId, jobDocId, opsDocId } from '../../../crdt/ids.ts'
import type { TaskSpec } from '../../../crdt/spec.ts'
import { coreLimits } from '../../../node/core/limits.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { bootPool, count, home, slotsOf } from '../../support/pool.ts'
import { givenOn, label, onHup, template, templated, vary } from '../../support/templates.ts'
import { areEqual, claimOf, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const north = { board: () => ({ labels: { zone: 'north' } }) }

function begin(spec: ReturnType<typeof templated>, boards = 1): { world: World; boards: Board[]; first: Board; job: JobId } {
  const pool = bootPool(boards, north)
  const job = runJob(pool.world, pool.first, spec)
  pool.world.until('it runs', () => slotsOf(job, spec.groups[0]!.count).every((one) => runners(pool.world, one).length === 1), 10_000)
  pool.world.run(5_000)
  return { ...pool, job }
}

const files = (board: Board): unknown => givenOn(board)?.files
const signals = (board: Board): unknown => givenOn(board)?.signals

test('a task starts with its files; by default a change restarts it, which is no failure, and nothing else of its copy changes', () => {
  const data = '${label.zone} ${var.LEVEL} ${SHOAL_INDEX} $${label.zone} ${HOME}'
  const { world, first, job } = begin(templated([template({ data })], { variables: { LEVEL: 'info' } }))
  assert.deepEqual(files(first), { 'app.conf': 'north info 0 ${label.zone} ${HOME}' })
  const before = claimOf(first, slot(job), first)!
  label(world, first, 'south')
  world.run(10_000)
  const after = claimOf(first, slot(job), first)!
  assert.deepEqual(files(first), { 'app.conf': 'south info 0 ${label.zone} ${HOME}' })
  assert.deepEqual([count(world, 'start'), count(world, 'stop'), signals(first)], [2, 1, []])
  assert.deepEqual(
    [after.generation, after.form, after.restarts, after.healthy, after.state],
    [before.generation, before.form, 0, true, 'running'],
  )
})

test('signal: the file is rewritten under the task, which is then told once; noop: it is rewritten', () => {
  const quiet = template({ destination: 'quiet/a', changeMode: 'noop' })
  const { world, first } = begin(templated([template(onHup), template({ ...onHup, destination: 'b' }), quiet]))
  label(world, first, 'south')
  world.run(60_000)
  assert.deepEqual(givenOn(first), {
    files: { 'app.conf': 'zone south\n', b: 'zone south\n', 'quiet/a': 'zone south\n' },
    signals: ['SIGHUP'],
  })
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [1, 0])
  const only = begin(templated([template({ changeMode: 'noop' })]))
  label(only.world, only.first, 'south')
  only.world.run(10_000)
  assert.deepEqual(givenOn(only.first), { files: { 'app.conf': 'zone south\n' }, signals: [] })
})

test('of several files that change together, one that asks for a restart decides', () => {
  const { world, first } = begin(templated([template(onHup), template({ destination: 'b' })]))
  label(world, first, 'south')
  world.run(10_000)
  assert.deepEqual([count(world, 'start'), givenOn(first)], [2, { files: { 'app.conf': 'zone south\n', b: 'zone south\n' }, signals: [] }])
})

test('a variable that nothing names restarts nothing; one that only a text names waits for the next start', () => {
  const spec = templated([template(onHup)], { variables: { A: '1', B: '1' }, command: '/bin/app-${var.A}' })
  const { world, first, job } = begin(spec)
  const told: (string | undefined)[] = []
  world.tasks.refuse = (_board, request, phase) => {
    if (phase === 'start') told.push(request.spec.config.command)
    return null
  }
  vary(world, first, job, { A: '2', B: '2' })
  world.run(30_000)
  assert.deepEqual([count(world, 'stop'), signals(first)], [0, []])
  assert.equal(claimOf(first, slot(job), first)!.version.count, first.core!.state!.view.jobs.get(job)!.version.count)
  edit(world, first, jobDocId(job), 'default', () => new Map([['wish/g/0/restart', 1]]))
  world.run(5_000)
  assert.deepEqual(told, ['/bin/app-2'])
})

test('a label here, a variable there, during a cut: each copy is told of what it hears, and after the heal of the rest', () => {
  const both = template({ ...onHup, data: '${label.zone} ${var.LEVEL} ${var.RATE}' })
  const { world, boards, first, job } = begin(templated([both], { count: 2, variables: { LEVEL: 'info', RATE: '1' } }), 2)
  const [a, b] = [home(world, slot(job, 0)), home(world, slot(job, 1))]
  assert.notEqual(a, b)
  world.split([a], [b])
  world.run(20_000)
  vary(world, a, job, { LEVEL: 'debug' })
  vary(world, b, job, { RATE: '9' })
  label(world, b, 'south')
  world.run(10_000)
  assert.deepEqual([givenOn(a), givenOn(b)], [
    { files: { 'app.conf': 'north debug 1' }, signals: ['SIGHUP'] },
    { files: { 'app.conf': 'south info 9' }, signals: ['SIGHUP', 'SIGHUP'] },
  ]) // prettier-ignore
  world.heal()
  world.until('one picture', () => areEqual(boards), 60_000)
  world.run(20_000)
  assert.deepEqual([givenOn(a), givenOn(b)], [
    { files: { 'app.conf': 'north debug 9' }, signals: ['SIGHUP', 'SIGHUP'] },
    { files: { 'app.conf': 'south debug 9' }, signals: ['SIGHUP', 'SIGHUP', 'SIGHUP'] },
  ]) // prettier-ignore
  assert.deepEqual([count(world, 'start'), count(world, 'stop'), first.core!.state!.view.jobs.get(job)!.problems], [2, 0, []])
})

test('an agent that starts again tells nothing without need, and what changed meanwhile', () => {
  const { world, boards, first } = begin(templated([template(onHup)]), 2)
  const board = boards.find((one) => one.tasks.size > 0)!
  const other = boards.find((one) => one !== board)!
  label(world, board, 'south', first)
  world.run(10_000)
  const again = (): void => {
    world.kill(board)
    world.run(1_000)
    world.boot(board)
    world.run(60_000)
  }
  again()
  assert.deepEqual(givenOn(board), { files: { 'app.conf': 'zone south\n' }, signals: ['SIGHUP'] })
  world.kill(board)
  label(world, board, 'east', other)
  world.run(2_000)
  world.boot(board)
  world.run(60_000)
  assert.deepEqual(givenOn(board), { files: { 'app.conf': 'zone east\n' }, signals: ['SIGHUP', 'SIGHUP'] })
  again()
  assert.deepEqual([signals(board), count(world, 'start'), count(world, 'stop')], [['SIGHUP', 'SIGHUP'], 1, 0])
})

test('an agent that dies between the file and the record of it tells the task once more, and not a third time', () => {
  const { world, first } = begin(templated([template(onHup)]))
  const tell = world.tasks.rewritten.bind(world.tasks)
  let deaths = 0
  world.tasks.rewritten = (...asked) => {
    const event = tell(...asked)
    if (deaths++ === 0) world.kill(first)
    return event
  }
  label(world, first, 'south')
  world.run(5_000)
  assert.deepEqual([deaths, first.core, signals(first)], [1, null, ['SIGHUP']])
  for (const _ of [1, 2]) {
    world.boot(first)
    world.run(30_000)
    assert.deepEqual(givenOn(first), { files: { 'app.conf': 'zone south\n' }, signals: ['SIGHUP', 'SIGHUP'] })
    world.kill(first)
  }
})

test('a board that loses its power before the file is there starts the task with it, and tells it nothing', () => {
  const { world, first } = begin(templated([template(onHup)]))
  const tell = world.tasks.rewritten.bind(world.tasks)
  world.tasks.rewritten = (...asked) => {
    world.powerCut(first)
    return tell(...asked)
  }
  label(world, first, 'south')
  world.run(5_000)
  assert.equal(first.tasks.size, 0)
  world.boot(first)
  world.run(30_000)
  assert.deepEqual(givenOn(first), { files: { 'app.conf': 'zone south\n' }, signals: [] })
})

test('a name that goes leaves the file as it was and the task alone; the next start says what is not there', () => {
  const { world, first, job } = begin(templated([template()]))
  world.kill(first)
  first.spec = { ...first.spec, labels: {} }
  world.boot(first)
  world.run(30_000)
  assert.deepEqual([files(first), count(world, 'stop')], [{ 'app.conf': 'zone north\n' }, 0])
  world.crash(first, slot(job), 'app')
  world.until('it has failed', () => claimOf(first, slot(job), first)?.state === 'failed', 60_000)
  assert.equal(claimOf(first, slot(job), first)!.reason, 'E_CONFIG: task app: this board has no ${label.zone}')
})

test('what other texts lack keeps no file from changing, and what could not start again is not stopped', () => {
  for (const [change, expected] of [
    [onHup, { files: { 'app.conf': 'debug' }, signals: ['SIGHUP'] }],
    [{}, { files: { 'app.conf': 'info' }, signals: [] }],
  ] as const) {
    const spec = templated([template({ data: '${var.LEVEL}', ...change })], { command: '/bin/${label.zone}', variables: { LEVEL: 'info' } })
    const { world, first, job } = begin(spec)
    world.kill(first)
    first.spec = { ...first.spec, labels: {} }
    world.boot(first)
    world.run(20_000)
    vary(world, first, job, { LEVEL: 'debug' })
    world.run(20_000)
    assert.deepEqual([givenOn(first), count(world, 'stop')], [expected, 0])
  }
})

test('a variable that a text lacks is the job’s lack; in a job without any the text stays, as before there were some', () => {
  const lacking = begin({ ...templated([template({ data: '${var.LEVEL}' })], { variables: { LEVEL: 'info' } }) })
  vary(lacking.world, lacking.first, lacking.job, { LEVEL: null })
  lacking.world.run(10_000)
  assert.deepEqual([files(lacking.first), count(lacking.world, 'stop')], [{ 'app.conf': 'info' }, 0])
  lacking.world.crash(lacking.first, slot(lacking.job), 'app')
  const claim = () => claimOf(lacking.first, slot(lacking.job), lacking.first)
  lacking.world.until('it has failed', () => claim()?.state === 'failed', 60_000)
  assert.equal(claim()!.reason, 'E_CONFIG: task app: the job has no ${var.LEVEL}')
  const { world, first } = bootPool(1)
  const told: (string | undefined)[] = []
  world.tasks.refuse = (_board, request) => (told.push(request.spec.config.command), null)
  runJob(world, first, jobSpec({ command: '/bin/${var.LEVEL}' }))
  world.run(10_000)
  assert.deepEqual(told, ['/bin/${var.LEVEL}', '/bin/${var.LEVEL}'])
})

test('nothing is restarted for a file while its image has another name now; its next start fetches that before', () => {
  const { world, first } = bootPool(1, { board: () => ({ labels: { zone: 'north', tag: '1' }, drivers: ['docker'] }) })
  const spec = templated([template()])
  const [group] = spec.groups
  const [task] = group!.tasks
  const { command: _, ...config } = task!.config
  const tasks: TaskSpec[] = [{ ...task!, driver: 'docker', config: { ...config, image: 'app:${label.tag}' } }]
  const asked: string[] = []
  world.tasks.refuse = (_board, request, phase) => (asked.push(`${phase} ${request.spec.config.image}`), null)
  const job = runJob(world, first, { ...spec, groups: [{ ...group!, tasks }] })
  world.run(10_000)
  edit(world, first, opsDocId(first.spec.id), 'default', () => new Map([['label/tag', '2']]))
  label(world, first, 'south')
  world.run(coreLimits.templateRestartGapMs)
  assert.deepEqual([asked, files(first)], [['prepare app:1', 'start app:1'], { 'app.conf': 'zone north\n' }])
  world.crash(first, slot(job))
  world.run(30_000)
  assert.deepEqual([asked.slice(2), files(first)], [['prepare app:2', 'start app:2'], { 'app.conf': 'zone south\n' }])
  label(world, first, 'east')
  world.run(10_000)
  assert.deepEqual([asked.slice(4), files(first)], [['start app:2'], { 'app.conf': 'zone east\n' }])
})

test('a value that flaps restarts a task once a minute, not at each change', () => {
  const { world, first } = begin(templated([template()]))
  for (let times = 0; times < 12; times++) {
    label(world, first, times % 2 === 0 ? 'a' : 'b')
    world.run(coreLimits.templateRestartGapMs / 4)
  }
  world.run(coreLimits.templateRestartGapMs)
  assert.deepEqual([count(world, 'start') <= 1 + 4, files(first)], [true, { 'app.conf': 'zone b\n' }])
})

test('what an entry of the environment lacks, the file that names it lacks', () => {
  const spec = templated([template({ ...onHup, data: 'zone ${env["ZONE"]}\n' }), template({ ...onHup, destination: 'b', data: 'b' })])
  const groups = spec.groups.map((group) => ({ ...group, tasks: group.tasks.map((task) => ({ ...task, env: { ZONE: '${label.zone}' } })) }))
  const { world, first } = begin({ ...spec, groups })
  world.kill(first)
  first.spec = { ...first.spec, labels: {} }
  world.boot(first)
  world.run(30_000)
  assert.deepEqual(givenOn(first), { files: { 'app.conf': 'zone north\n', b: 'b' }, signals: [] })
})

test('a start that finds the task running has given it nothing: it is told of what changed meanwhile', () => {
  const { world, boards, job } = begin(templated([template(onHup)]), 2)
  const board = home(world, slot(job))
  assert.equal(boards.length, 2)
  world.kill(board)
  board.spec = { ...board.spec, labels: { zone: 'east' } }
  board.isDriverSilent = true
  world.boot(board)
  world.run(8_000)
  board.isDriverSilent = false
  world.run(60_000)
  assert.deepEqual([givenOn(board), count(world, 'stop')], [{ files: { 'app.conf': 'zone east\n' }, signals: ['SIGHUP'] }, 0])
})

test('files that could not be written are tried again, and the task is told once they are there', () => {
  const { world, first } = begin(templated([template(onHup)]))
  first.isDriverSilent = true
  label(world, first, 'south')
  world.run(3 * coreLimits.rewriteRetryMs)
  assert.deepEqual(givenOn(first), { files: { 'app.conf': 'zone north\n' }, signals: [] })
  first.isDriverSilent = false
  world.run(2 * coreLimits.rewriteRetryMs)
  assert.deepEqual(givenOn(first), { files: { 'app.conf': 'zone south\n' }, signals: ['SIGHUP'] })
})

test('a board whose disk is full restarts nothing, since it could start nothing, until there is room', () => {
  const { world, boards, job } = begin(templated([template()]), 2)
  const board = home(world, slot(job))
  const other = boards.find((one) => one !== board)!
  world.fillDisk(board)
  // It finds that out when it has something to write.
  label(world, other, 'west')
  world.until('it knows', () => board.core!.state!.storeProblem !== null, 10_000)
  label(world, board, 'south', other)
  world.run(60_000)
  assert.deepEqual([count(world, 'stop'), files(board)], [0, { 'app.conf': 'zone north\n' }])
  world.freeDisk(board)
  world.run(2 * coreLimits.rewriteRetryMs)
  assert.deepEqual([count(world, 'start'), files(board)], [2, { 'app.conf': 'zone south\n' }])
})

test('copies everywhere are told of a variable within the splay, and not in one moment', () => {
  const splayMs = 60_000
  const spec = templated([template({ data: '${var.LEVEL}', splayMs })], { count: 6, variables: { LEVEL: 'info' } })
  const { world, first, job } = begin(spec, 6)
  const before = world.queue.now
  vary(world, first, job, { LEVEL: 'debug' })
  world.run(splayMs + 10_000)
  const stops = [...world.boards.values()].flatMap(({ trail }) => trail.filter(({ what }) => what === 'stop').map(({ at }) => at - before))
  assert.equal(stops.length, 6)
  assert.ok(new Set(stops.map((at) => Math.trunc(at / 1_000))).size > 3, stops.join(' '))
  assert.ok(stops.every((at) => at <= splayMs + 5_000))
})
