// `fleet operator revoke`: takes all rights from a key, for ever, by its id. A name is what any admin may write, a stolen key among them:
// it could give its own name to another key and have that revoked.

import type { Command } from 'commander'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { type AuthorId, type OperatorId, isPeerId } from '../../crdt/ids.ts'
import { historyOf } from '../../crdt/replica.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { toldBy } from '../../crdt/rights/fleet-statements.ts'
import { authorOf } from '../documents/author.ts'
import { type Cli, type WriteOptions, confirmOptions, parseCount, remote } from '../command.ts'
import { type Fleet, fetchFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { fleetRightsAfter } from '../fleet/fleet-rights-after.ts'
import { grantedBy, grantedText } from '../fleet/granted.ts'
import { type Edit, editFleet } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { adminsOf } from '../fleet/proposal.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe } from '../render/words.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'
import { submitProposal } from '../fleet/submit-proposal.ts'
import { type Vouched, another, vouchEverywhere } from '../fleet/vouch.ts'

interface Options extends WriteOptions {
  readonly void?: boolean
  readonly threshold?: number
}

export function addOperatorRevoke(group: Command, cli: Cli): void {
  const command = confirmOptions(group.command('revoke').description('take all rights from a key, for ever'))
    .argument('<key>', 'its id, as `shoal fleet operator list` prints it')
    .option(
      '--void',
      'the key was stolen: vouch for nothing. What it wrote in jobs and about nodes has no effect any more, what runs by it is held, and ' +
        'what it granted falls as far as nobody else has built upon it',
    )
    .option('--threshold <k>', 'along with it, since fewer admins are left: so many of them sign from then on', parseCount)
  remote<Options>(cli, command, (session, { args: [key = ''], options }) => revokeOperator(session, key, options))
}

async function revokeOperator(session: Session, who: string, options: Options): Promise<ExitCode> {
  const fleet = await fetchFleet(session)
  const key = mustBeId(fleet, who)
  const { id: own } = await authorOf(session.io, session.context)
  if (key === own) throw new CliError('E_USAGE', 'nobody revokes the key that it signs with', { hint: 'another admin does it' })
  if (fleet.rights.now.get(own)?.role !== 'admin') throw new CliError('E_ROLE', 'only an admin revokes keys', { hint: 'ask one' })
  const isStolen = options.void === true
  const path = fleetPaths.revoked(key)
  // Somebody else's revocation may fall with its author: it is no reason not to write one's own.
  const isSaid = !isStolen && revokedBy(fleet, own, key)
  const lower: [string, Scalar][] = options.threshold === undefined ? [] : [[fleetPaths.threshold, options.threshold]]
  const revocation = () =>
    editFleet(session, (doc) => new Map(isSaid ? lower : [[path, another(doc, path)], ...lower]), isStolen ? key : undefined)
  const planned = await revocation()
  if (planned.proposed !== null) {
    mustHaveSenior(fleet, key)
    return await submitProposal(session, planned, planned.proposed, options)
  }
  mustCount(session, own, key, planned)
  const vouched = isStolen ? null : await vouchEverywhere(session, fleet, key)
  const edit = await revocation()
  const granted = grantedBy(edit.fleet, key, fleetRightsAfter(session, edit))
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  const { io, format } = session
  if (format !== 'table') printData(io, format, { key, vouched, granted, receipt })
  else {
    const kept = keptWords(vouched, fleet.rights.revoked.has(key))
    io.stdout.write(
      `${safe(fleet.names.get(key) ?? key)} is revoked; ${kept}\n${grantedText(granted)}${receiptLine(receipt, options.confirm)}`,
    )
  }
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

function mustBeId({ names }: Fleet, who: string): OperatorId {
  if (isPeerId(who)) return who as OperatorId
  const details = [...names].filter(([, name]) => name === who).map(([id]) => id)
  const hint = details.length === 0 ? 'shoal fleet operator list' : 'make sure which key is meant, and give its id'
  throw new CliError('E_USAGE', `'${who}' is not the id of a key, and names are what any admin may write`, { details, hint })
}

function keptWords(vouched: Vouched | null, wasRevoked: boolean): string {
  if (vouched !== null) return `what it wrote in ${vouched.docs.length} documents still counts`
  return wasRevoked ? 'what admins vouched for before still counts' : 'nothing that it wrote in jobs counts any more'
}

/** `own` has revoked the key, and that stands. */
function revokedBy({ doc, rights }: Fleet, own: AuthorId, key: OperatorId): boolean {
  if (!rights.revoked.has(key)) return false
  return toldBy(historyOf(doc.judged?.of ?? doc)).some(
    ({ entry, revokes }) => entry.author === own && !rights.voided.has(entry.hash) && revokes.includes(key),
  )
}

/** Whoever signs last is to have been an admin before it: is there somebody who can? */
function mustHaveSenior({ rights }: Fleet, key: OperatorId): void {
  const rank = (one: AuthorId): number => rights.seniority.get(one) ?? Number.MAX_SAFE_INTEGER
  if ([...adminsOf(rights)].some((one) => rank(one) < rank(key))) return
  throw new CliError('E_SENIORITY', `no admin was there before ${key}`, { hint: 'the recovery key revokes it' })
}

/** Who is senior to whom is asked of the revocation's own past, so it is made and judged before anything is sent. */
function mustCount(session: Session, own: AuthorId, key: OperatorId, edit: Edit): void {
  if (fleetRightsAfter(session, edit).revoked.has(key)) return
  throw new CliError('E_SENIORITY', `the key ${key} became an admin before ${own}, as far as that counts, and ${own} cannot revoke it`, {
    hint: 'an admin who was there before it does it',
  })
}
