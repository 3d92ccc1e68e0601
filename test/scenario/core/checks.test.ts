// Checks on simulated boards: what counts as healthy, what a check that fails leads to, and what it does not.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults, restartDefaults, updateDefaults } from '../../../crdt/documents/defaults.ts'
import type { JobId } from '../../../crdt/ids.ts'
import type { CheckOutcome, CheckRequest } from '../../../node/core/ports.ts'
import type { TaskAnswer } from '../../../simulator/checks.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { check, checkedGroup } from '../../support/checks.ts'
import { answer, bootPool, count, home, place } from '../../support/pool.ts'
import { claimOf, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const healthy = (world: World, job: JobId, by = home(world, slot(job))): boolean | undefined => claimOf(by, slot(job), by)?.healthy

/** Every question, with the board that asked; answered as told. */
function listen(world: World, says: (request: CheckRequest, board: Board) => TaskAnswer = () => 'passes'): { at: number; name: string }[] {
  const asked: { at: number; name: string }[] = []
  world.checks.of = (board, request) => {
    asked.push({ at: world.queue.now, name: request.check.name })
    return says(request, board)
  }
  return asked
}

test('a copy is healthy once its tasks have run and its checks passed for min_healthy_time, and not before', () => {
  const { world, first } = bootPool(1)
  let says: TaskAnswer = 'fails'
  listen(world, () => says)
  const job = runJob(world, first, jobSpec({ group: checkedGroup([check()]) }))
  world.until('it runs', () => runners(world, slot(job)).length === 1, 10_000)
  world.run(10_000)
  assert.deepEqual(
    [claimOf(first, slot(job), first)!.healthy, claimOf(first, slot(job), first)!.reason],
    [false, 'check-failing: app/ready'],
  )
  says = 'passes'
  const began = world.queue.now
  world.until('healthy', () => healthy(world, job) === true, 8_000)
  assert.ok(world.queue.now - began >= 3_000, 'not before min_healthy_time')
  assert.equal(claimOf(first, slot(job), first)!.reason, '')
})

test('a version whose check fails is never healthy, and the job goes back by itself', () => {
  const { world, boards, first } = bootPool(3)
  const update = { ...updateDefaults, minHealthyMs: 2_000, healthyDeadlineMs: 20_000, progressDeadlineMs: 0, autoRevert: true as const }
  const wishes = { update, reschedule: { ...checkedGroup([]).reschedule!, delayMs: 5_000, maxDelayMs: 10_000 } }
  const group = (command: string) => checkedGroup([check()], { command, ...wishes })
  listen(world, ({ task }) => (task.spec.config.command === '/bin/bad' ? 'fails' : 'passes'))
  const job = place(world, { count: 3, group: group('/bin/good') })
  world.run(5_000)
  runJob(world, first, jobSpec({ count: 3, group: group('/bin/bad') }))
  world.until('it is taken back', () => boards.every((board) => board.core!.state!.view.jobs.get(job)?.wentBackTo !== undefined), 120_000)
  const bad = first.core!.state!.view.jobs.get(job)!.versions![0]!.forms.get('g')
  const verdictsOf = () => boards.flatMap((board) => [...board.core!.state!.verdicts.values()].flat())
  assert.deepEqual([...new Set(verdictsOf().flatMap((one) => (one.form === bad ? [one.verdict] : [])))], ['failed'])
  world.until('all are healthy', () => answer(world, first, 'job', { method: 'job.status', job }).job.healthy === 3, 60_000)
  world.run(120_000)
  const stopped = boards.flatMap((board) => board.trail).filter(({ what }) => what === 'stop')
  assert.deepEqual([stopped.length, new Set(stopped.map((entry) => entry.slot)).size], [2, 1], 'only the first slot was touched')
  assert.match(verdictsOf().find(({ verdict }) => verdict === 'failed')!.reason, /not healthy within 20000 ms: check app\/ready failed/)
})

test('a check that fails later takes the health away and nothing else; the claim says which, and the next roll-out waits for it', () => {
  const { world, first } = bootPool(2)
  let broken: string | null = null
  listen(world, (_request, board) => (board.spec.name === broken ? 'fails' : 'passes'))
  const group = (command: string) => checkedGroup([check(), check({ name: 'other', type: 'tcp' })], { command })
  const job = place(world, { count: 2, group: group('/bin/one') })
  world.run(6_000)
  const [one, two] = [home(world, slot(job, 0)), home(world, slot(job, 1))]
  broken = one.spec.name
  world.until('told', () => claimOf(two, slot(job), one)?.healthy === false, 5_000)
  world.run(120_000)
  const claim = claimOf(two, slot(job), one)!
  assert.deepEqual([claim.state, claim.reason, claim.restarts], ['running', 'check-failing: app/other, app/ready', 0])
  assert.equal(count(world, 'stop'), 0)
  const row = answer(world, first, 'job', { method: 'job.status', job }).job
  assert.deepEqual([row.running, row.healthy], [2, 1])
  // The first slot takes the new version and is not healthy with it: the second keeps its own.
  runJob(world, first, jobSpec({ count: 2, group: group('/bin/two') }))
  world.run(15_000)
  const programs = [0, 1].map(
    (index) => home(world, slot(job, index)).core!.state!.allocs.get(slot(job, index))!.body.group.tasks[0]!.config.command,
  )
  assert.deepEqual(programs, ['/bin/two', '/bin/one'])
})

test('results in a row: so many successes to pass, so many failures to fail; what on_update ignores asks nothing of health', () => {
  const { world, first } = bootPool(1)
  const says = { ready: 'passes', aside: 'fails' } as Record<string, TaskAnswer>
  const asked = listen(world, ({ check: { name } }) => says[name]!)
  const ready = check({ successBeforePassing: 3, failuresBeforeCritical: 2 })
  const job = runJob(world, first, jobSpec({ group: checkedGroup([ready, check({ name: 'aside', onUpdate: 'ignore' })]) }))
  const times = (): number => asked.filter(({ name }) => name === 'ready').length
  const stateOf = (name: string): string => first.core!.state!.allocs.get(slot(job))!.checks.runs.get(`app/${name}`)!.state
  world.until('asked twice', () => times() === 2, 15_000)
  world.run(100)
  assert.equal(stateOf('ready'), 'pending')
  world.until('healthy', () => healthy(world, job, first) === true, 15_000)
  assert.ok(times() >= 3, 'not before three answers')
  assert.equal(stateOf('aside'), 'failing')
  says['ready'] = 'fails'
  const before = times()
  world.until('asked once more', () => times() === before + 1, 5_000)
  world.run(500)
  assert.deepEqual([stateOf('ready'), healthy(world, job, first)], ['passing', true])
  world.until('asked again', () => times() === before + 2, 5_000)
  world.run(500)
  assert.deepEqual([stateOf('ready'), healthy(world, job, first)], ['failing', false])
})

test('a check that comes and goes is damped: ever fewer changes of the board’s document, and no result is one', () => {
  const { world, first } = bootPool(2)
  let says: TaskAnswer = 'passes'
  listen(world, () => says)
  const job = place(world, {
    group: checkedGroup([check({ intervalMs: 1_000, timeoutMs: 500 })], { update: { ...updateDefaults, minHealthyMs: 0 } }),
  })
  world.run(60_000)
  const board = home(world, slot(job))
  const writes = (): number => board.core!.state!.docs.get(`node/${board.spec.id}` as never)!.changeCount
  const calm = writes()
  world.run(600_000)
  assert.equal(writes(), calm, 'sixhundred results change nothing')
  const changes = [0, 0]
  for (const half of [0, 1]) {
    const before = writes()
    for (let turn = 0; turn < 90; turn++) {
      says = turn % 6 === 0 ? 'fails' : 'passes'
      world.run(1_000 * (says === 'fails' ? 2 : 3))
    }
    changes[half] = writes() - before
  }
  assert.ok(changes[0]! > 0 && changes[1]! <= 2, `${changes.join(', ')} changes`)
  says = 'passes'
  world.until('healthy again', () => healthy(world, job) === true, 300_000 + 10_000)
  assert.equal(first.boots, 1)
})

test('a check that hangs counts as a failure at its timeout, and keeps no other check waiting for ever', () => {
  const { world, first } = bootPool(1)
  const hanging = ['a', 'b', 'c', 'd', 'e'].map((name) => check({ name, intervalMs: 5_000, timeoutMs: 5_000, onUpdate: 'ignore' }))
  const asked = listen(world, ({ check: { name } }) => (name === 'ready' ? 'passes' : 'hangs'))
  const job = runJob(world, first, jobSpec({ group: checkedGroup([...hanging, check({ intervalMs: 5_000 })]) }))
  let most = 0
  world.until('healthy', () => ((most = Math.max(most, first.core!.state!.checksAsked.size)), healthy(world, job, first) === true), 60_000)
  assert.equal(most, 4)
  world.run(60_000)
  const { runs } = first.core!.state!.allocs.get(slot(job))!.checks
  assert.deepEqual([...new Set([...runs.values()].map(({ state }) => state))].sort(), ['failing', 'passing'])
  const recent = new Set(asked.filter(({ at }) => at > world.queue.now - 30_000).map(({ name }) => name))
  assert.equal(recent.size, 6, 'all of them have their turn')
})

test('questions are spread over the interval', () => {
  const { world, first } = bootPool(1)
  const asked = listen(world)
  const checks = Array.from({ length: 8 }, (_, index) => check({ name: `c${index}`, intervalMs: 10_000 }))
  for (const name of ['one', 'two', 'three']) runJob(world, first, jobSpec({ name, group: checkedGroup(checks) }))
  world.run(60_000)
  const turn = asked.filter(({ at }) => at > world.queue.now - 10_000)
  assert.equal(turn.length, 24, 'each once an interval')
  const perSecond = Array.from(
    { length: 10 },
    (_, second) => turn.filter(({ at }) => Math.floor((world.queue.now - at) / 1_000) === second).length,
  )
  assert.ok(Math.max(...perSecond) <= 8, perSecond.join(', '))
})

test('a restarted agent begins with checks that it knows nothing of: nothing is declared unhealthy and nothing restarted', () => {
  const { world, boards } = bootPool(2)
  listen(world)
  const job = place(world, { group: checkedGroup([check({ checkRestart: { limit: 1, graceMs: 0 } })]) })
  world.run(6_000)
  const board = home(world, slot(job))
  const other = boards.find((one) => one !== board)!
  world.kill(board)
  world.run(1_000)
  const seen = new Set<boolean | undefined>()
  world.boot(board)
  for (let look = 0; look < 90; look++) {
    world.run(10)
    seen.add(claimOf(other, slot(job), board)?.healthy)
  }
  world.run(30_000)
  assert.deepEqual([[...seen], healthy(world, job), count(world, 'start'), count(world, 'stop')], [[true], true, 1, 0])
})

test('a board that is cut off goes on asking; after the heal its word holds', () => {
  const { world, boards } = bootPool(3)
  let broken: Board | null = null
  const asked = listen(world, (_request, board) => (board === broken ? 'fails' : 'passes'))
  const group = checkedGroup([check()], { disconnect: { ...disconnectDefaults, replaceAfterMs: 600_000 } })
  const job = place(world, { group })
  world.run(6_000)
  const away = home(world, slot(job))
  const others = boards.filter((board) => board !== away)
  world.split([away], others)
  world.run(20_000)
  broken = away
  const before = asked.length
  world.run(30_000)
  assert.ok(asked.length >= before + 14, `${asked.length - before}`)
  assert.deepEqual([claimOf(away, slot(job), away)!.healthy, claimOf(others[0]!, slot(job), away)!.healthy], [false, true])
  world.heal()
  world.until('the others know', () => others.every((board) => claimOf(board, slot(job), away)?.healthy === false), 30_000)
  broken = null
  world.until('it is healthy again', () => others.every((board) => claimOf(board, slot(job), away)?.healthy === true), 60_000)
  assert.deepEqual([runners(world, slot(job)), count(world, 'stop')], [[away.spec.name], 0])
})

test('check_restart: after so many failures in a row beyond the grace the task is restarted, as the restart policy counts', () => {
  const { world, first } = bootPool(1)
  const times: number[] = []
  let says: TaskAnswer = 'fails'
  const asked = listen(world, () => says)
  const group = checkedGroup([check({ intervalMs: 1_000, checkRestart: { limit: 3, graceMs: 10_000 } })], {
    restart: { ...restartDefaults, attempts: 1, delayMs: 1_000 },
    update: { ...updateDefaults, minHealthyMs: 1_000, healthyDeadlineMs: 300_000 },
  })
  const job = runJob(world, first, jobSpec({ group }))
  const starts = (): number => count(world, 'start')
  world.until('it runs', () => starts() === 1, 10_000)
  times.push(world.queue.now)
  world.until('it is restarted', () => starts() === 2, 60_000)
  times.push(world.queue.now)
  assert.ok(times[1]! - times[0]! >= 12_000, 'the grace, and three failures')
  assert.ok(times[1]! - times[0]! <= 18_000, `${times[1]! - times[0]!}`)
  world.run(200)
  const claim = claimOf(first, slot(job), first)!
  assert.equal(claim.restarts, 1)
  says = 'passes'
  world.until('healthy', () => healthy(world, job, first) === true, 10_000)
  const since = asked.length
  // Failures that are not in a row do not count.
  for (let turn = 0; turn < 10; turn++) {
    says = turn % 3 === 2 ? 'passes' : 'fails'
    world.until('asked', () => asked.length > since + turn, 5_000)
  }
  world.run(100)
  assert.equal(starts(), 2)
  says = 'fails'
  world.until('the policy is used up', () => claimOf(first, slot(job), first)!.state === 'failed', 30_000)
  assert.match(claimOf(first, slot(job), first)!.reason, /^task app: check ready failed; 1 restarts within/)
  assert.equal(starts(), 2)
})

test('a board that may not ask takes nothing new of it; a copy that is healthy there goes on', () => {
  const { world, boards, first } = bootPool(2)
  const refusing = boards[0]!
  const exec = check({ type: 'exec', port: undefined as never, command: '/bin/probe' })
  delete (exec as { port?: string }).port
  listen(world, (_request, board) => (board === refusing ? 'refuses' : 'passes'))
  world.tasks.refuse = (board, _task, phase) => (phase === 'start' && board !== refusing && first.trail.length === 0 ? 'E_START' : null)
  const group = checkedGroup([exec], { reschedule: { ...checkedGroup([]).reschedule!, delayMs: 5_000 } })
  const job = runJob(world, first, jobSpec({ group }))
  world.until('the other runs it', () => runners(world, slot(job)).join() === boards[1]!.spec.name, 60_000)
  world.until('and it is healthy', () => healthy(world, job) === true, 30_000)
  assert.match(claimOf(first, slot(job), refusing)!.reason, /^check-refused: app\/ready: /)
  listen(world, () => 'refuses')
  world.run(60_000)
  const claim = claimOf(first, slot(job), boards[1]!)!
  assert.deepEqual([claim.state, claim.healthy], ['running', false])
})

test('a change of its checks restarts nothing; the copy stays healthy while the new one has not answered', () => {
  const { world, first } = bootPool(1)
  const asked = listen(world, ({ check: { path } }) => (path === '/bad' ? 'fails' : 'passes'))
  const group = (path: string) => checkedGroup([check({ path })])
  const job = place(world, { group: group('/good') })
  world.run(6_000)
  const { form } = claimOf(first, slot(job), first)!
  const before = asked.length
  runJob(world, first, jobSpec({ group: group('/better') }))
  const ready = () => first.core!.state!.allocs.get(slot(job))!.checks.runs.get('app/ready')!
  world.until('it has the new one', () => ready().spec.path === '/better', 1_000)
  assert.equal(ready().state, 'pending')
  assert.equal(healthy(world, job, first), true)
  world.run(20_000)
  assert.ok(asked.length >= before + 8, `${asked.length - before}`)
  assert.equal(healthy(world, job, first), true)
  runJob(world, first, jobSpec({ group: group('/bad') }))
  world.until('it fails', () => healthy(world, job, first) === false, 10_000)
  runJob(world, first, jobSpec({ group: checkedGroup([]) }))
  world.until('without it the copy is healthy', () => healthy(world, job, first) === true, 30_000)
  assert.deepEqual([claimOf(first, slot(job), first)!.form, count(world, 'start'), count(world, 'stop')], [form, 1, 0])
})

test('what a task says to a check is told to nobody but those who ask its board', () => {
  const { world, boards, first } = bootPool(2)
  const secret = 'PASSWORD=1234'
  let result: CheckOutcome['result'] = 'passed'
  world.checks.answer = () => ({ afterMs: 20, outcome: { result, output: secret } })
  const group = checkedGroup([check({ intervalMs: 1_000, checkRestart: { limit: 2, graceMs: 0 } })], {
    restart: { ...restartDefaults, attempts: 1, delayMs: 1_000 },
  })
  const job = place(world, { group })
  world.until('healthy', () => healthy(world, job) === true, 10_000)
  const board = home(world, slot(job))
  result = 'failed'
  const told = new Set<string>()
  world.until(
    'restarted, and failed for good',
    () => {
      const claim = claimOf(first, slot(job), board)!
      told.add(JSON.stringify([claim.reason, claim.tasks]))
      return claim.state === 'failed'
    },
    60_000,
  )
  const { verdicts, events } = board.core!.state!
  const words = [...told, JSON.stringify([...verdicts.values(), events]), ...boards.flatMap(({ logs }) => logs)]
  assert.match(words.join('\n'), /check ready failed/)
  assert.deepEqual(
    words.filter((text) => text.includes(secret)),
    [],
  )
})
