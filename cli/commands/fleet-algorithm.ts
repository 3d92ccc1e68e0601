// `fleet algorithm`: whether a pool's copies go to fuller boards or to emptier ones.

import { Argument, type Command } from 'commander'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { parsePoolName } from '../../crdt/ids.ts'
import { type SchedulerAlgorithm, schedulerAlgorithms } from '../../crdt/view.ts'
import { type Cli, type WriteOptions, confirmOptions, remoteAboutFleet } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editFleet } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'

const effects: Readonly<Record<SchedulerAlgorithm, string>> = {
  binpack: 'new copies go to fuller boards first, so that large ones find room elsewhere',
  spread: 'new copies go to emptier boards first, so that the loss of one costs little',
}

export function addFleetAlgorithm(parent: Command, cli: Cli): Command {
  const command = parent
    .command('algorithm')
    .description('where new copies of a pool go; what runs stays where it is (fleet status shows what is chosen)')
    .argument('<pool>')
    .addArgument(new Argument('<algorithm>', 'binpack: fuller boards first; spread: emptier ones').choices([...schedulerAlgorithms]))
  return remoteAboutFleet<WriteOptions>(cli, confirmOptions(command), (session, { args, options }) =>
    choose(session, args[0] as string, args[1] as SchedulerAlgorithm, options),
  )
}

async function choose(session: Session, pool: string, algorithm: SchedulerAlgorithm, options: WriteOptions): Promise<ExitCode> {
  const known = parsePoolName(pool)
  if (!known.ok) throw new CliError(known.code, known.message)
  const edit = await editFleet(session, () => new Map([[fleetPaths.algorithm(known.value), algorithm]]))
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  if (session.format !== 'table') printData(session.io, session.format, { pool, algorithm, receipt })
  else session.io.stdout.write(`pool ${pool}: ${effects[algorithm]}\n${receiptLine(receipt, options.confirm)}`)
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}
