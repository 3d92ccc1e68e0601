// Hands in what other admins have yet to sign, and says so.

import type { WriteOptions } from '../command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Edit } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { type Proposed, shortProposal } from './proposal.ts'
import { changeLines, missingText } from '../render/proposal.ts'
import { receiptLine } from '../render/receipt.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'

export async function submitProposal(session: Session, edit: Edit, proposed: Proposed, options: WriteOptions): Promise<ExitCode> {
  const { known, needed, writes } = proposed
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  // A proposal is one change, which joined all that it builds on.
  const id = shortProposal(known?.hash ?? edit.after.heads[0]!)
  const signed = known?.signers.size ?? 1
  if (session.format !== 'table') printData(session.io, session.format, { proposal: id, signed, needed, receipt })
  else {
    const lines = changeLines(writes, edit.fleet.names).map((line) => `  ${line}\n`)
    session.io.stdout.write(
      `proposed${known === null ? '' : ' before'}, and not in effect yet: ${id}\n${lines.join('')}${missingText(signed, needed, id)}` +
        receiptLine(receipt, options.confirm),
    )
  }
  return receipt.confirmed ? exitCodes.proposed : exitCodes.notConfirmed
}
