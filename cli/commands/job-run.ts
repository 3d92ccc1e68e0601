// `job run`: makes the job in the mesh what the file says. The file is the whole specification: a field that it leaves out has
// its default, whatever was set elsewhere (such resets are shown). Only registers that differ are written, so a change of another
// field that is made elsewhere at the same time survives.

import type { Command } from 'commander'
import { jobPaths } from '../../crdt/documents/job.ts'
import { type Cli, remote } from '../command.ts'
import type { Edit } from '../job/job-edit.ts'
import { forEachPool } from '../job/for-each-pool.ts'
import { editFromSpec } from '../job/job-from-file.ts'
import { type RunOptions, mustWaitOnce, runEdit, runOptions } from '../job/run-edit.ts'

interface Options extends RunOptions {
  readonly rerun?: boolean
  readonly prune?: boolean
}

export function addJobRun(parent: Command, cli: Cli): Command {
  const command = parent
    .command('run')
    .description('submit a job file and follow the roll-out')
    .argument('<file>', 'job file (YAML or JSON); - reads standard input')
    .option('--rerun', 'of a job that runs once: also run again what is complete')
    .option('--prune', 'of a file for several pools: also remove the job from pools that the file is no longer for')
  return remote<Options>(cli, runOptions(command), async (session, { args: [file = ''], options }) => {
    mustWaitOnce(options)
    return await forEachPool(session, file, options, async (spec, patterns) => {
      const made = await editFromSpec(session, spec, patterns, options.rerun)
      return await runEdit(session, made, headline(made.edit), options)
    })
  })
}

function headline({ before, after, envelopes }: Edit): string {
  if (before.changeCount === 0) return 'is new'
  if (envelopes.length === 0) return 'is already as the file says'
  const was = before.registers.get(jobPaths.desired)
  const again = before.registers.get(jobPaths.rerun) === after.registers.get(jobPaths.rerun) ? '' : '; what is complete runs once more'
  return `${was === 'stopped' || was === 'removed' ? `was ${was} and runs again` : 'changes'}${again}`
}
