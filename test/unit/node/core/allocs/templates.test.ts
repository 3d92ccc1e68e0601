// When the files of a task that runs are looked at again, and what the driver's answer changes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allocDeadline } from '../../../../../node/core/allocs/deadline.ts'
import { rewritten, syncTemplates } from '../../../../../node/core/allocs/templates.ts'
import type { Effect } from '../../../../../node/core/effect.ts'
import { coreLimits } from '../../../../../node/core/limits.ts'
import type { Step } from '../../../../../node/core/state.ts'
import { bootPool } from '../../../../support/pool.ts'
import { onHup, template, templated } from '../../../../support/templates.ts'
import { crypto, runJob } from '../../../../support/world.ts'

function running(splayMs: number) {
  const { world, first } = bootPool(1)
  const quiet = template({ destination: 'quiet', data: 'x' })
  const spec = templated([template({ ...onHup, data: '${var.LEVEL}', splayMs }), quiet], { variables: { LEVEL: 'info' } })
  runJob(world, first, spec)
  world.run(20_000)
  const state = first.core!.state!
  const [alloc] = [...state.allocs.values()]
  const task = alloc!.body.tasks.get('app')!
  const at = (now: number): { effects: readonly Effect[] } => {
    const step: Step = { env: { crypto, signer: first.spec.signer }, state, now, out: [] }
    syncTemplates(step, alloc!)
    return { effects: step.out }
  }
  return { state, alloc: alloc!, task, at, now: world.queue.now }
}

test('a variable that changes is noticed by itself, and what has been told is not told again', () => {
  const { alloc, task, at, now } = running(0)
  assert.deepEqual(at(now).effects, [])
  alloc.body.variables = { LEVEL: 'debug' }
  const [rewrite, ...others] = at(now).effects
  assert.ok(rewrite?.kind === 'rewrite' && others.length === 0)
  assert.deepEqual(
    [rewrite.task.files, rewrite.signals],
    [[{ kind: 'template', path: 'app.conf', mode: 0o644, text: 'debug' }], ['SIGHUP']],
  )
  // While it is being written, what changes waits.
  alloc.body.variables = { LEVEL: 'warn' }
  assert.deepEqual(at(now + 1).effects, [])
  assert.equal(task.given!.writing!.digest, rewrite.digest)
})

test('a change that is to be told later wakes the board by then, and taken back it is not told', () => {
  const { alloc, task, at, now } = running(60_000)
  const before = allocDeadline(alloc)
  alloc.body.variables = { LEVEL: 'debug' }
  assert.deepEqual(at(now).effects, [])
  const dueAt = task.given!.dueAt!
  assert.ok(dueAt >= now && dueAt <= now + 60_000 && dueAt < before)
  assert.equal(allocDeadline(alloc), dueAt)
  alloc.body.variables = { LEVEL: 'info' }
  assert.deepEqual([at(now + 1).effects, task.given!.dueAt, allocDeadline(alloc)], [[], null, before])
})

test('the answer to a former question changes nothing; a refusal is tried again', () => {
  const { state, alloc, task, at, now } = running(0)
  const { hashes } = task.given!
  alloc.body.variables = { LEVEL: 'debug' }
  const [rewrite] = at(now).effects
  assert.ok(rewrite?.kind === 'rewrite')
  const answer = (digest: string, ok: boolean): readonly Effect[] => {
    const step: Step = { env: { crypto, signer: null as never }, state, now, out: [] }
    rewritten(step, alloc, task, digest, ok ? { ok } : { ok, code: 'E_START', message: 'no space left' })
    return step.out
  }
  assert.deepEqual([answer('another', true), task.given!.hashes], [[], hashes])
  answer(rewrite.digest, false)
  assert.deepEqual([task.given!.hashes, task.given!.dueAt, at(now + 1).effects], [hashes, now + coreLimits.rewriteRetryMs, []])
  const [again] = at(now + coreLimits.rewriteRetryMs).effects
  assert.ok(again?.kind === 'rewrite' && again.digest === rewrite.digest)
  const [persist] = answer(again.digest, true)
  assert.ok(persist?.kind === 'persist' && persist.sync)
  assert.notDeepEqual(task.given!.hashes, hashes)
})
