// What the result of a check changes: the copy's health, which is news for all boards, and, after failures enough, a restart of the task.
// Only such changes are written down, never a result, and never what a task said: that may be a secret, and is for those who ask its board.

import { slotParts } from '../../../crdt/ids.ts'
import type { CoreEvent } from '../event.ts'
import { coreLimits } from '../limits.ts'
import { type Step, note, writeOwnSoon } from '../state.ts'
import type { Alloc } from './alloc.ts'
import { type CheckRun, asksChecks, isRequired, judgeCheck, notePassing } from './checks.ts'
import { fail } from './lifecycle.ts'
import { restartForCheck } from './stopping.ts'
import { wasHealthy } from './verdicts.ts'

export function checked(step: Step, { id, outcome }: CoreEvent & { kind: 'checked' }): void {
  const { state, now } = step
  if (!state.checksAsked.delete(id)) return
  for (const alloc of state.allocs.values()) {
    const run = [...alloc.checks.runs.values()].find(({ asked }) => asked === id)
    if (run === undefined) continue
    judgeCheck(run, outcome, now)
    notePassing(alloc.checks, now)
    // As a task that can never start here: another board may be able to ask.
    if (outcome.result === 'refused' && isRequired(run) && !wasHealthy(state, alloc))
      return fail(step, alloc, `check-refused: ${run.name}: ${outcome.output}`)
    if (run.state === 'failing' && isRequired(run) && asksChecks(alloc.body)) notHealthy(step, alloc, run)
    const { limit } = run.spec.checkRestart
    if (limit > 0 && run.strikes >= limit) restartForCheck(step, alloc, run.task, `check ${run.spec.name} failed`)
    return
  }
}

/** Names stay until the copy is healthy again, so that checks which come and go cost a change each and not one at every turn. */
function notHealthy(step: Step, alloc: Alloc, { name }: CheckRun): void {
  const { checks } = alloc
  const { now } = step
  if (alloc.healthy) {
    alloc.healthy = false
    checks.lapses = [...checks.lapses.filter((at) => now - at < coreLimits.lapseWindowMs), now]
    const { job, group, index } = slotParts(alloc.slot)
    note(step, `${job}/${group}/${index} is not healthy any more: check ${name} fails`, 'warn')
  }
  if (!checks.failed.includes(name)) checks.failed = [...checks.failed, name].sort()
  const before = alloc.reason
  alloc.reason = `check-failing: ${checks.failed.join(', ')}`
  if (alloc.reason !== before) writeOwnSoon(step)
}
