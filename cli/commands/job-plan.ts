// `job plan`: what `job run` of the same file would do, and why. It makes and signs the very same change but sends it only to be
// tried out; nothing is kept. Exit codes as in Nomad: 0 nothing to do, 1 changes, 255 error.

import type { Command } from 'commander'
import { toBase64 } from '../../crdt/base64.ts'
import { jobView } from '../../crdt/documents/job.ts'
import { type Cli, remote } from '../command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { fieldChanges } from '../job-file/flatten.ts'
import { editFromFile } from '../job-from-file.ts'
import { shortJob } from '../job-ref.ts'
import { nodeNames } from '../node-names.ts'
import { printReply } from '../print.ts'
import { shortReasons } from '../render/explain.ts'
import { fieldChangeLines, plannedTable } from '../render/plan.ts'
import { simText } from '../render/sim.ts'
import type { Session } from '../session.ts'
import { whatIf } from '../what-if.ts'

export function addJobPlan(parent: Command, cli: Cli): Command {
  const command = parent
    .command('plan')
    .description('show what running a job file would change and where its copies would go (exit code 0: nothing, 1: changes, 255: error)')
    .argument('<file>', 'job file (YAML or JSON); - reads standard input')
    .option('--what-if <fault>', 'also play the fleet with this job and a fault of five minutes, such as "cut site=north others"')
  return remote<{ whatIf?: string }>(cli, command, (session, { args, options }) => planJob(session, args[0] ?? '', options.whatIf))
}

async function planJob(session: Session, file: string, fault: string | undefined): Promise<ExitCode> {
  const { edit, job, pool, spec } = await editFromFile(session, file)
  const envelopes = edit.envelopes.map((one) => toBase64(one.bytes))
  const reply = await session.ask('plan', { method: 'job.plan', job, envelopes }, { pool })
  const names = session.format === 'table' ? await nodeNames(session, pool) : new Map<string, string>()
  const { crypto } = session.io
  const before = edit.before.changeCount > 0 ? jobView(crypto, edit.before).spec : null
  const after = jobView(crypto, edit.after).spec
  const fields = after === null ? [] : fieldChanges(before, after)
  const played = fault === undefined ? {} : { whatIf: await whatIf(session, fault, spec) }
  printReply(session, { ...reply, fields, envelopes: envelopes.length, ...played }, (plan, paint) => {
    const head =
      envelopes.length === 0
        ? `job ${shortJob(job)} is already as the file says\n`
        : `job ${shortJob(job)} ${edit.before.changeCount > 0 ? 'changes' : 'is new'}\n`
    const why = shortReasons(plan.unplaced).map((line) => `${line}\n`)
    const table = plannedTable(plan.slots, names, paint)
    return `${head}${before === null ? '' : fieldChangeLines(fields, paint)}\n${table}${why.length === 0 ? '' : `\n${why.join('')}`}${
      'whatIf' in plan ? `\n${simText(plan.whatIf, paint)}` : ''
    }`
  })
  return envelopes.length === 0 ? exitCodes.planNothing : exitCodes.planChanges
}
