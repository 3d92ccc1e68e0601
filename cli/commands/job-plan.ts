// `job plan`: what `job run` of the same file would do, and why. Nothing is kept. Exit codes as in Nomad: 0 nothing to do, 1 changes,
// 255 error.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import type { Edit } from '../job/job-edit.ts'
import { forEachPool } from '../job/for-each-pool.ts'
import { editFromSpec } from '../job/job-from-file.ts'
import { planEdit } from '../job/plan-edit.ts'

export function addJobPlan(parent: Command, cli: Cli): Command {
  const command = parent
    .command('plan')
    .description('show what running a job file would change and where its copies would go (exit code 0: nothing, 1: changes, 255: error)')
    .argument('<file>', 'job file (YAML or JSON); - reads standard input')
    .option(
      '--what-if <fault>',
      'also play the fleet with this job and a fault of five minutes, such as "cut site=north" (from all others)',
    )
    .option('--prune', 'of a file for several pools: also what job run --prune would remove')
  return remote<{ whatIf?: string; prune?: boolean }>(cli, command, async (session, { args: [file = ''], options }) => {
    const plan = { isPlan: true, ...options } as const
    return await forEachPool(session, file, plan, async (spec, patterns) => {
      const made = await editFromSpec(session, spec, patterns)
      return await planEdit(session, made, headline(made.edit), options.whatIf)
    })
  })
}

function headline({ before, envelopes }: Edit): string {
  if (envelopes.length === 0) return 'is already as the file says'
  return before.changeCount > 0 ? 'changes' : 'is new'
}
