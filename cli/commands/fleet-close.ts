// `fleet close`: makes a fleet that was open a certified one. All boards that are known are admitted first, so nothing changes for them;
// whoever comes from then on needs a token or an operator's word.

import type { Command } from 'commander'
import type { NodeRow } from '../../crdt/api-nodes.ts'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { type NodeId, fleetDocId } from '../../crdt/ids.ts'
import { admitNode } from '../boards/admit-node.ts'
import { allBoards } from '../boards/all-boards.ts'
import { type Cli, type WriteOptions, confirmOptions, remoteAboutFleet } from '../command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editFleet, openDocument } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'
import { submitProposal } from '../fleet/submit-proposal.ts'

export function addFleetClose(parent: Command, cli: Cli): void {
  const command = confirmOptions(
    parent.command('close').description('admit all boards that are there, and from then on only those with a token or an operator’s word'),
  )
  remoteAboutFleet<WriteOptions>(cli, command, (session, { options }) => closeFleet(session, options))
}

async function closeFleet(session: Session, options: WriteOptions): Promise<ExitCode> {
  // Only an admin may, and is told so before anything is written.
  await openDocument(session, fleetDocId, undefined)
  const boards = await admitAllBoards(session, options)
  const edit = await editFleet(session, () => new Map([[fleetPaths.admission, 'certified']]))
  if (edit.proposed !== null) return await submitProposal(session, edit, edit.proposed, options)
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  const { io, format } = session
  if (format !== 'table') printData(io, format, { admitted: boards.map(({ id }) => id), receipt })
  else {
    const next = 'new boards need a join file with a token: shoal token create'
    io.stdout.write(`the fleet is closed; ${boards.length} boards are admitted\n${next}\n${receiptLine(receipt, options.confirm)}`)
  }
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

export async function admitAllBoards(session: Session, options: WriteOptions): Promise<readonly NodeRow[]> {
  // A pool that cannot be asked would be shut out whole.
  const boards = await allBoards(session)
  for (const { id, name, pool } of boards) await admitNode(session, { id: id as NodeId, name, pool }, { ...options, confirm: 1 })
  return boards
}
