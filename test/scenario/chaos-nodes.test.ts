// A run is a function of its seed on every version of Node that is supported: the trace hash says so, over everything that every
// board was told and answered. Versions that are not installed are named by scripts/test.mjs.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { drawPlan } from '../../simulator/chaos/draw.ts'
import { runChaos } from '../../simulator/chaos/run.ts'

const folder = process.env['SHOAL_TEST_NODES'] ?? join(homedir(), '.cache/shoal-test/nodes')
const [seed, minutes] = [3, 3]
const here = runChaos(drawPlan(seed, { minutes }))

for (const major of ['22', '24'].filter((one) => existsSync(join(folder, one, 'bin/node')))) {
  test(`Node ${major} plays a seed just as this version does`, () => {
    const args = ['--import', 'tsx', 'simulator/chaos-main.ts', '--seed', String(seed), '--minutes', String(minutes), '--hashes']
    const printed = execFileSync(join(folder, major, 'bin/node'), args, { encoding: 'utf8' })
    assert.match(printed, new RegExp(`^seed ${seed} trace ${here.traceHash} after ${here.steps} steps$`, 'm'))
  })
}
