// `fleet preemption`: whether copies of one kind of job may take the room of less important ones in a pool.

import { Argument, type Command } from 'commander'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { parsePoolName } from '../../crdt/ids.ts'
import { type JobType, jobTypes } from '../../crdt/spec.ts'
import { type Cli, type WriteOptions, confirmOptions, remoteAboutFleet } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editFleet } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'

export function addFleetPreemption(parent: Command, cli: Cli): Command {
  const command = parent
    .command('preemption')
    .description('whether copies of a kind of job may stop less important ones for want of room (fleet status shows what is chosen)')
    .argument('<pool>')
    .addArgument(new Argument('<type>', 'the kind of job; of system jobs they may unless this says otherwise').choices([...jobTypes]))
    .addArgument(new Argument('<choice>').choices(['on', 'off']))
  return remoteAboutFleet<WriteOptions>(cli, confirmOptions(command), (session, { args: [pool = '', type, choice], options }) =>
    choose(session, pool, type as JobType, choice === 'on', options),
  )
}

async function choose(session: Session, pool: string, type: JobType, preempts: boolean, options: WriteOptions): Promise<ExitCode> {
  const known = parsePoolName(pool)
  if (!known.ok) throw new CliError(known.code, known.message)
  const edit = await editFleet(session, () => new Map([[fleetPaths.preemption(known.value, type), preempts]]))
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  const effect = preempts
    ? `copies of ${type} jobs may stop copies of jobs whose priority is lower by 10 or more, where nothing else makes room`
    : `copies of ${type} jobs wait for room`
  if (session.format !== 'table') printData(session.io, session.format, { pool, type, preempts, receipt })
  else session.io.stdout.write(`pool ${pool}: ${effect}\n${receiptLine(receipt, options.confirm)}`)
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}
