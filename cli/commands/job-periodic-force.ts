// `job periodic force`: one run now, as in Nomad whatever its times, `enabled` and `prohibit_overlap` say. It is named by the second in which it
// was ordered, so that two sides of a cut that hear of it run the same one.

import type { Command } from 'commander'
import { civilText } from '../../crdt/civil-time.ts'
import type { Doc } from '../../crdt/doc.ts'
import { jobPaths } from '../../crdt/documents/job.ts'
import { specFaults } from '../../crdt/documents/spec-faults.ts'
import { type Cli, type WriteOptions, confirmOptions, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editJob } from '../job/job-edit.ts'
import { parseJob, shortJob } from '../job/job-ref.ts'
import { civilNow } from '../job/periodic.ts'
import { printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'

export function addJobPeriodic(parent: Command, cli: Cli): void {
  const group = parent.command('periodic').description('jobs that run at times')
  const force = confirmOptions(group.command('force').description('run a periodic job now')).argument('<job>', 'NAME or NAMESPACE/NAME')
  remote<WriteOptions>(cli, force, (session, { args: [name = ''], options }) => forceRun(session, name, options))
}

async function forceRun(session: Session, name: string, options: WriteOptions): Promise<ExitCode> {
  const { io, format } = session
  const job = parseJob(name)
  let due = 0
  const edit = await editJob(session, job, (doc) => {
    due = dueNow(doc, shortJob(job), io.now())
    return new Map([[jobPaths.forced, due]])
  })
  const { pool } = edit.before
  if (format === 'table') io.stdout.write(`job ${shortJob(job)} runs now, as ${civilText(due)}\n`)
  const receipt = await submit(session, await settlingEnvelopes(session, edit, pool), pool, options)
  if (format === 'table') io.stdout.write(receiptLine(receipt, options.confirm))
  else printData(io, format, { job, due: civilText(due), receipt })
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

function dueNow(doc: Doc, job: string, wallMs: number): number {
  const { spec, faults } = specFaults(doc.registers)
  if (faults.length > 0 || spec.periodic === undefined)
    throw new CliError('E_NOT_PERIODIC', `job ${job} has no times at which it runs`, {
      hint: `a periodic block in its file gives it some; what is complete once more: shoal job run FILE --rerun`,
    })
  if (doc.registers.get(jobPaths.desired) !== 'run')
    throw new CliError('E_JOB_STOPPED', `job ${job} is stopped, so no run of it begins`, { hint: 'shoal job run FILE lets it run again' })
  return civilNow(spec.periodic, wallMs)
}
