// `job revert`: the specification of an earlier version, written as a new change. So it wins everywhere as every newer version does, and
// can itself be reverted.

import type { Command } from 'commander'
import { jobPaths } from '../../crdt/documents/job.ts'
import { type JobId, jobDocId } from '../../crdt/ids.ts'
import { type Cli, remote } from '../command.ts'
import { type EarlierVersion, lastOther, versionNamed } from '../job/earlier-version.ts'
import { CliError } from '../errors.ts'
import { type Edit, editDocument, mustExist } from '../job/job-edit.ts'
import { type SpecEdit, jobChanges } from '../job/job-from-file.ts'
import { parseJob } from '../job/job-ref.ts'
import { planEdit } from '../job/plan-edit.ts'
import { type RunOptions, mustWaitOnce, runEdit, runOptions } from '../job/run-edit.ts'
import type { Session } from '../peers/session.ts'

interface Options extends RunOptions {
  readonly last?: boolean
  readonly plan?: boolean
}

export function addJobRevert(parent: Command, cli: Cli): Command {
  const command = parent
    .command('revert')
    .description('make a job again what it was at an earlier version, and follow the roll-out')
    .argument('<job>', 'NAME or NAMESPACE/NAME')
    .argument('[version]', 'as job history shows it: 1.7, or 1.7.0a1b2c3d where two sides have a 1.7')
    .option('--last', 'the newest version that says something else than the job does now')
    .option('--plan', 'only show what it would change (exit code 0: nothing, 1: changes, 255: error)')
  return remote<Options>(cli, runOptions(command), async (session, { args: [name = '', version], options }) => {
    mustWaitOnce(options)
    if ((version === undefined) !== (options.last === true)) throw new CliError('E_USAGE', 'say either a version or --last')
    const { made, to } = await editBack(session, parseJob(name), version)
    const headline = `${wasText(made.edit)} to version ${to.name}`
    return options.plan === true ? await planEdit(session, made, headline) : await runEdit(session, made, headline, options)
  })
}

async function editBack(
  session: Session,
  job: JobId,
  version: string | undefined,
): Promise<{ readonly made: SpecEdit; readonly to: EarlierVersion }> {
  const { crypto } = session.io
  let to: EarlierVersion | undefined
  const edit = await editDocument(session, jobDocId(job), undefined, (doc) => {
    mustExist(doc, job)
    to = version === undefined ? lastOther(crypto, doc) : versionNamed(crypto, doc, version)
    return jobChanges(session.io, doc, to.spec, false)
  })
  return { made: { job, pool: edit.before.pool, spec: to!.spec, edit }, to: to! }
}

function wasText({ before }: Edit): string {
  const was = before.registers.get(jobPaths.desired)
  return was === 'stopped' || was === 'removed' ? `was ${was}, runs again and goes back` : 'goes back'
}
