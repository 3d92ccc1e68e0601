// What results make of a check, and how the pure parts of a copy's health follow.

import assert from 'node:assert/strict'
import test from 'node:test'
import { type CheckRun, judgeCheck } from '../../../../../node/core/allocs/checks.ts'
import type { CheckOutcome } from '../../../../../node/core/ports.ts'
import { check } from '../../../../support/checks.ts'

const letters: Readonly<Record<string, CheckOutcome['result']>> = { p: 'passed', f: 'failed', u: 'unknown', r: 'refused' }

function played(results: string, wishes: Parameters<typeof check>[0], everyMs = 1_000): CheckRun {
  const run: CheckRun = {
    name: 'app/ready',
    task: {} as CheckRun['task'],
    spec: check(wishes),
    state: 'pending',
    streak: 0,
    strikes: 0,
    taskSince: 0,
    phase: 0,
    dueAt: 0,
    asked: 'x',
    output: '',
    answeredAt: null,
  }
  for (const [index, letter] of results.split('').entries())
    judgeCheck(run, { result: letters[letter]!, output: `${index}` }, (index + 1) * everyMs)
  return run
}

test('the state follows results in a row, and stays where neither row is long enough', () => {
  const wishes = { successBeforePassing: 2, failuresBeforeCritical: 3 }
  const states = ['', 'p', 'pp', 'ppf', 'ppff', 'ppfff', 'ppfffp', 'ppfffpp', 'pfpfpf', 'fff', 'ffpff'].map(
    (one) => played(one, wishes).state,
  )
  assert.deepEqual(states, [
    'pending',
    'pending',
    'passing',
    'passing',
    'passing',
    'failing',
    'failing',
    'passing',
    'pending',
    'failing',
    'pending',
  ])
})

test('0 in a row is as good as 1', () => {
  assert.deepEqual([played('p', {}).state, played('f', {}).state], ['passing', 'failing'])
})

test('who could not be asked says nothing', () => {
  const run = played('ffu', { failuresBeforeCritical: 3 })
  assert.deepEqual([run.state, run.streak, run.strikes, run.output], ['pending', -2, 2, '2'])
})

test('strikes count beyond the grace only, in a row, and what is refused is none', () => {
  const grace = { checkRestart: { limit: 3, graceMs: 3_000 } }
  assert.deepEqual(
    ['ff', 'fff', 'ffff', 'ffffp', 'ffffpf', 'ffrrr'].map((one) => played(one, grace).strikes),
    [0, 1, 2, 0, 1, 0],
  )
})
