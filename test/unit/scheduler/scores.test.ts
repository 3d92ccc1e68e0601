// Which groups share a table of scores. That sharing changes no plan is held against plans without it.

import assert from 'node:assert/strict'
import test from 'node:test'
import { boardsOf } from '../../../scheduler/boards.ts'
import { claimsIn, groupsOf, rulesOf } from '../../../scheduler/group.ts'
import { claimantsOf, holdingsOf, usageOf } from '../../../scheduler/holdings.ts'
import { schedulerLimits } from '../../../scheduler/limits.ts'
import { scoresFor } from '../../../scheduler/scores.ts'
import { makeGroup, makeJob, makeTask, makeView } from '../../support/view.ts'

test('a table is kept for what several groups ask, not for what one alone does', () => {
  const asking = (memoryMib: number, name: string) => makeGroup({ name, tasks: [makeTask({ resources: { cpuMhz: 100, memoryMib } })] })
  const job = makeJob({ groups: [asking(64, 'a'), asking(128, 'b'), asking(64, 'c'), asking(64, 'd')] })
  const view = makeView({ jobs: [job] })
  const boards = boardsOf(view)
  const usage = usageOf(boards, holdingsOf(view, boards, claimantsOf(view)))
  const rules = rulesOf(job, job.spec!)
  const kept = groupsOf(boards, rules, claimsIn(view, boards, rules)).map((group) => {
    scoresFor(group, boards, usage)
    return usage.tables.size
  })
  assert.deepEqual(kept, [0, 0, 1, 1])
  assert.ok(usage.asked.size <= schedulerLimits.askedMax)
})
