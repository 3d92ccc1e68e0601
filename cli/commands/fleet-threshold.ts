// `fleet threshold`: how many admins sign a change of who rules the fleet.

import type { Command } from 'commander'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { type Cli, type WriteOptions, confirmOptions, parseCount, remoteAboutFleet } from '../command.ts'
import { fetchFleet } from '../documents/document.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editFleet } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { adminsOf } from '../fleet/proposal.ts'
import { receiptLine } from '../render/receipt.ts'
import { plural } from '../render/words.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'
import { submitProposal } from '../fleet/submit-proposal.ts'

export function addFleetThreshold(parent: Command, cli: Cli): void {
  const group = parent.command('threshold').description('how many admins sign a change of who rules the fleet')
  remoteAboutFleet(cli, group.command('show').description('show it, and how many admins there are'), showThreshold)
  const set = confirmOptions(
    group.command('set').description('set it: takes effect once as many have signed as the old one and the new one ask for'),
  ).argument('<k>', 'so many admins; 1: each admin alone', parseCount)
  remoteAboutFleet<WriteOptions>(cli, set, (session, { args: [k], options }) => setThreshold(session, Number(k), options))
}

async function showThreshold(session: Session): Promise<void> {
  const { rights } = await fetchFleet(session)
  const { threshold, recovery } = rights
  const admins = adminsOf(rights).size
  if (session.format !== 'table') return printData(session.io, session.format, { threshold, admins, recovery: recovery ?? null })
  session.io.stdout.write(
    `${threshold} of ${plural(admins, 'admin')} ${threshold === 1 ? 'signs' : 'sign'} a change of who rules the fleet\n${recoveryText(recovery !== undefined, admins - threshold)}`,
  )
}

function recoveryText(hasRecovery: boolean, spare: number): string {
  if (hasRecovery) return 'the recovery key signs alone\n'
  return `there is no recovery key: if ${plural(spare + 1, 'admin key')} ${spare === 0 ? 'is' : 'are'} lost, nobody can change that any more\n`
}

async function setThreshold(session: Session, k: number, options: WriteOptions): Promise<ExitCode> {
  const edit = await editFleet(session, () => new Map([[fleetPaths.threshold, k]]))
  if (edit.proposed !== null) return await submitProposal(session, edit, edit.proposed, options)
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  if (session.format !== 'table') printData(session.io, session.format, { threshold: k, receipt })
  else session.io.stdout.write(`the threshold is ${k}\n${receiptLine(receipt, options.confirm)}`)
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}
