// `fleet operator`: who may do what. Everything is a signed statement of an admin in the fleet document; rights of a key only grow, and
// revoking the key is what takes them back, for ever.

import { type Command, Option } from 'commander'
import { fleetPaths, operatorUntil } from '../../crdt/documents/fleet.ts'
import { type OperatorId, isPeerId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { type Grant, everyJob, everyPoolPattern, widen } from '../../crdt/rights/grant.ts'
import { isPattern } from '../../crdt/rights/pattern.ts'
import type { Role } from '../../crdt/view.ts'
import { type Cli, type WriteOptions, collect, confirmOptions, remote } from '../command.ts'
import { type Fleet, fetchFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editFleet } from '../job/job-edit.ts'
import { parseExpiry } from '../boards/join-token.ts'
import { printData, printReply } from '../print.ts'
import { operatorTable } from '../render/status.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe } from '../render/words.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'
import { submitProposal } from '../fleet/submit-proposal.ts'
import { addOperatorRevoke } from './fleet-operator-revoke.ts'

interface AddOptions extends WriteOptions {
  readonly role: Role
  readonly name?: string
  readonly pools?: readonly string[]
  readonly jobs?: readonly string[]
  /** Ms from now. */
  readonly expires?: number
}

export function addFleetOperator(parent: Command, cli: Cli): void {
  const group = parent.command('operator').description('who may do what in the fleet')
  const add = confirmOptions(group.command('add').description('give a key rights, or more than it has'))
    .argument('<key>', 'the id that `shoal context add` printed where the key is')
    .option('--role <role>', 'admin, operator or viewer', 'operator')
    .option('--name <name>', 'what people call its owner')
    .option('--pools <pattern>', 'an operator: pools, such as shop-* (may be repeated; default: all)', collect)
    .option('--jobs <pattern>', 'an operator: jobs, such as web-* or team/* (may be repeated; default: all)', collect)
    .addOption(
      new Option('--expires <duration>', 'an operator: how long boards take changes from it, such as 8h (default: for ever)').argParser(
        parseExpiry,
      ),
    )
  remote<AddOptions>(cli, add, (session, { args: [key = ''], options }) => addOperator(session, key, options))
  remote(cli, group.command('list').description('list the keys and what they may do'), async (session) => {
    printReply(session, await session.ask('fleet', { method: 'fleet.status' }), operatorTable)
  })
  addOperatorRevoke(group, cli)
}

async function addOperator(session: Session, key: string, options: AddOptions): Promise<ExitCode> {
  if (!isPeerId(key)) throw new CliError('E_USAGE', `'${key}' is not the id of a key (12D3KooW…)`)
  if (!['admin', 'operator', 'viewer'].includes(options.role)) throw new CliError('E_USAGE', 'a role is admin, operator or viewer')
  const operator = key as OperatorId
  const { role, name } = options
  const fleet = await fetchFleet(session)
  mustGrow(fleet, operator, role)
  const { pools, jobs } = patternsOf(options, fleet.rights.now.get(operator))
  const wanted = new Map<string, Scalar>([[fleetPaths.role(operator), options.role]])
  const until = untilOf(session, fleet, operator, options)
  if (until !== null) wanted.set(fleetPaths.operatorUntil(operator), until)
  if (options.name !== undefined) wanted.set(fleetPaths.operatorName(operator), options.name)
  for (const pattern of pools) wanted.set(fleetPaths.pools(operator, pattern), true)
  for (const pattern of jobs) wanted.set(fleetPaths.jobs(operator, pattern), true)
  const edit = await editFleet(session, () => wanted)
  if (edit.proposed !== null) return await submitProposal(session, edit, edit.proposed, options)
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  if (session.format !== 'table') printData(session.io, session.format, { key, role, pools, jobs, receipt })
  else
    session.io.stdout.write(`${safe(name ?? key)} is ${role === 'viewer' ? 'a' : 'an'} ${role}\n${receiptLine(receipt, options.confirm)}`)
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

function mustGrow({ rights }: Fleet, key: OperatorId, role: Role): void {
  const hint = 'its owner makes a new key: shoal context add'
  if (rights.revoked.has(key)) throw new CliError('E_REVOKED', `the key ${key} is revoked, and stays so`, { hint })
  const known = rights.now.get(key)
  if (known === undefined || widen(known, { role }).role === role) return
  throw new CliError('E_USAGE', `the key ${key} is ${known.role} already, and rights only grow`, { hint: `revoke it, and ${hint}` })
}

/** Wall-clock ms; null: as it is. */
function untilOf({ io }: Session, { doc, rights }: Fleet, key: OperatorId, { role, expires }: AddOptions): number | null {
  if (expires === undefined) return null
  if (role !== 'operator')
    throw new CliError('E_USAGE', `--expires is for an operator, not for ${role === 'admin' ? 'an admin' : 'a viewer'}`)
  const until = io.now() + expires
  const known = operatorUntil(doc.registers, key)
  if (!rights.now.has(key) || (known !== null && known <= until)) return until
  const words = known === null ? 'has no end' : 'ends later than that'
  throw new CliError('E_USAGE', `the time of the key ${key} ${words}, and rights only grow`, {
    hint: 'revoke it, and its owner makes a new key: shoal context add',
  })
}

/** Only an operator's rights have limits. A pattern without a namespace means the default one; no pattern at first means all. */
function patternsOf({ role, pools, jobs }: AddOptions, known: Grant | undefined): Pick<Grant, 'pools' | 'jobs'> {
  if (role !== 'operator') {
    if (pools !== undefined || jobs !== undefined) throw new CliError('E_USAGE', `--pools and --jobs limit an operator, not a ${role}`)
    return { pools: [], jobs: [] }
  }
  const named = jobs?.map((pattern) => (pattern.includes('/') ? pattern : `default/${pattern}`)) ?? without(known?.jobs, everyJob)
  const strange = [...(pools ?? []).filter((one) => !isPattern(one, 1)), ...named.filter((one) => !isPattern(one, 2))][0]
  if (strange !== undefined) throw new CliError('E_USAGE', `'${strange}' is not a pattern: a name in which * stands for anything`)
  return { pools: pools ?? without(known?.pools, everyPoolPattern), jobs: named }
}

function without(known: readonly string[] | undefined, all: string): readonly string[] {
  return known === undefined || known.length === 0 ? [all] : []
}
