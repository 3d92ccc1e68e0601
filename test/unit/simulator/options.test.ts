// What the developers' commands understand: a slip of the finger must not become another run than the one that was asked for.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

function sim(...words: readonly string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  return spawnSync(process.execPath, ['--import', 'tsx', 'simulator/chaos-main.ts', ...words], { encoding: 'utf8' })
}

test('an option that nobody knows is refused with the nearest that there is; nothing is played', () => {
  assert.deepEqual(
    [sim('--sedes', '1..2')].map(({ status, stdout, stderr }) => [status, stdout, stderr]),
    [[2, '', 'error: no option is called --sedes (did you mean --seeds?); --help lists all options\n']],
  )
  assert.match(sim('--colour').stderr, /^error: no option is called --colour; --help lists all options\n$/)
  assert.match(sim('--seeds').stderr, /^error: --seeds needs a value;/)
  assert.match(sim('1..2').stderr, /^error: '1\.\.2': every option begins with --;/)
  assert.match(sim('--seeds', '5..2').stderr, /^error: '5\.\.2': a seed, or a range such as 1\.\.100;/)
})

test('--help lists every option and plays nothing', () => {
  const { status, stdout, stderr } = sim('--help')
  assert.deepEqual([status, stderr], [0, ''])
  for (const name of ['seeds RANGE', 'seed N', 'minutes N', 'workers N', 'verbose', 'shrink', 'keep NAME', 'flaw NAMES'])
    assert.match(stdout, new RegExp(`^  --${name} `, 'm'))
})
