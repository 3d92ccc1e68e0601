// `fleet proposals` and `fleet approve`: changes of who rules the fleet that several admins sign. Whoever signs last puts them into effect:
// that signature has the others in its past, so boards need no more to judge it.

import type { Command } from 'commander'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import type { AuthorId, OperatorId } from '../../crdt/ids.ts'
import { fleetStatementsOf } from '../../crdt/rights/fleet-statements.ts'
import { type OpenProposal, openProposals } from '../../crdt/rights/open-proposals.ts'
import { authorOf } from '../documents/author.ts'
import { type Cli, type WriteOptions, confirmOptions, remoteAboutFleet } from '../command.ts'
import { type Fleet, fetchFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { fleetRightsAfter } from '../fleet/fleet-rights-after.ts'
import { grantedBy, grantedText } from '../fleet/granted.ts'
import { type Edit, editFleet, enactProposal } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { findProposal, mustLeaveEnough, shortProposal, signaturesFor, stolenIn } from '../fleet/proposal.ts'
import { changeLines, missingText } from '../render/proposal.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe, time } from '../render/words.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'
import { another, vouchEverywhere } from '../fleet/vouch.ts'
import { admitAllBoards } from './fleet-close.ts'

export function addFleetProposals(parent: Command, cli: Cli): void {
  const list = parent.command('proposals').description('changes of who rules the fleet that other admins have yet to sign')
  remoteAboutFleet(cli, list, listProposals)
  const command = confirmOptions(
    parent.command('approve').description('sign such a change; the last signature that it takes puts it into effect'),
  ).argument('<id>', 'as `shoal fleet proposals` prints it')
  remoteAboutFleet<WriteOptions>(cli, command, (session, { args: [id = ''], options }) => approve(session, id, options))
}

async function listProposals(session: Session): Promise<void> {
  const { rights, names } = await fetchFleet(session)
  const open = openProposals(rights)
  const needed = ({ author, writes }: OpenProposal): number => signaturesFor(rights, author, writes)
  if (session.format !== 'table') {
    const rows = open.map((one) => ({ ...one, writes: Object.fromEntries(one.writes), signers: [...one.signers], needed: needed(one) }))
    return printData(session.io, session.format, { proposals: rows })
  }
  const name = (key: string): string => safe(names.get(key as OperatorId) ?? key)
  const texts = open.map((one) => {
    const id = shortProposal(one.hash)
    const lines = changeLines(one.writes, names).map((line) => `  ${line}\n`)
    const signers = [...one.signers].map(name).join(', ')
    const when = one.time === 0 ? '' : ` at ${time(one.time * 1000)}`
    return `${id}  proposed by ${name(one.author)}${when}\n${lines.join('')}  signed by: ${signers || 'no admin that is left'}\n  ${missingText(one.signers.size, needed(one), id)}`
  })
  session.io.stdout.write(texts.length === 0 ? 'nothing is proposed\n' : texts.join('\n'))
}

async function approve(session: Session, id: string, options: WriteOptions): Promise<ExitCode> {
  const fleet = await fetchFleet(session)
  const proposal = findProposal(fleet.rights, id)
  mustLeaveEnough(fleet.rights, proposal.writes)
  const { id: own } = await authorOf(session.io, session.context)
  const signed = new Set([...proposal.signers, own]).size
  const needed = signaturesFor(fleet.rights, own, proposal.writes)
  const told = { fleet, proposal, options, signed, needed }
  if (signed >= needed && seniorTo(session, proposal, await enactProposal(session, proposal)) === null) {
    await prepare(session, fleet, proposal, options)
    return await tell(session, { ...told, edit: await enactProposal(session, proposal), isDone: true })
  }
  const path = fleetPaths.approval(proposal.hash)
  const edit = await editFleet(session, (doc) => new Map(proposal.signers.has(own) ? [] : [[path, another(doc, path)]]))
  return await tell(session, { ...told, edit, isDone: false })
}

/**
 * Judged here before anything is sent: a key that is to be revoked and was an admin before the one that signs last, of whose past boards ask
 * that; null: the change would be in effect.
 */
function seniorTo(session: Session, proposal: OpenProposal, edit: Edit): AuthorId | null {
  const { voided, revoked } = fleetRightsAfter(session, edit)
  if (edit.after.heads.some((hash) => voided.has(hash))) {
    const words = 'boards would give this no effect: a signature, or the right of a key, has fallen meanwhile'
    throw new CliError('E_THRESHOLD', words, { hint: 'propose it anew' })
  }
  return fleetStatementsOf(proposal).revokes.find((key) => !revoked.has(key)) ?? null
}

/** What goes before such a change wherever one admin is enough. */
async function prepare(session: Session, fleet: Fleet, { writes }: OpenProposal, options: WriteOptions): Promise<void> {
  if (writes.get(fleetPaths.admission) === 'certified') await admitAllBoards(session, options)
  const stolen = stolenIn(writes)
  for (const key of fleetStatementsOf({ writes }).revokes) if (key !== stolen) await vouchEverywhere(session, fleet, key as OperatorId)
}

interface Told {
  readonly edit: Edit
  readonly fleet: Fleet
  readonly proposal: OpenProposal
  readonly options: WriteOptions
  readonly signed: number
  readonly needed: number
  /** It is in effect now. */
  readonly isDone: boolean
}

async function tell(session: Session, { edit, fleet, proposal, options, signed, needed, isDone }: Told): Promise<ExitCode> {
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  const id = shortProposal(proposal.hash)
  const { io, format } = session
  if (format !== 'table') printData(io, format, { proposal: id, inEffect: isDone, signed, needed, receipt })
  else {
    const lines = changeLines(proposal.writes, fleet.names).map((line) => `  ${line}\n`)
    const rotation = isDone && [...proposal.writes.keys()].some((path) => path.endsWith('/opened'))
    const next = rotation ? 'next: whoever proposed it hands the key out with: shoal fleet psk rotate\n' : ''
    const rest = isDone ? next + fallenText(session, edit, proposal) : missingText(signed, needed, id)
    io.stdout.write(`${isDone ? 'in effect' : 'signed'}: ${id}\n${lines.join('')}${rest}${receiptLine(receipt, options.confirm)}`)
  }
  if (!receipt.confirmed) return exitCodes.notConfirmed
  return isDone ? exitCodes.done : exitCodes.proposed
}

function fallenText(session: Session, edit: Edit, proposal: OpenProposal): string {
  const after = fleetRightsAfter(session, edit)
  const { revokes } = fleetStatementsOf(proposal)
  return revokes.map((key) => grantedText(grantedBy(edit.fleet, key, after))).join('')
}
