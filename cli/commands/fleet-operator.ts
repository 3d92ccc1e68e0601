// `fleet operator`: who may do what. Everything is a signed statement of an admin in the fleet document; rights of a key only grow, and
// revoking the key is what takes them back, for ever.

import type { Command } from 'commander'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { type AuthorId, type OperatorId, fleetDocId, isPeerId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { isSenior } from '../../crdt/rights/fleet-statements.ts'
import { type Grant, everyJob, everyPoolPattern, widen } from '../../crdt/rights/grant.ts'
import { isPattern } from '../../crdt/rights/pattern.ts'
import type { Role } from '../../crdt/view.ts'
import { authorOf } from '../author.ts'
import { type Cli, type WriteOptions, collect, confirmOptions, remote } from '../command.ts'
import { type Fleet, fetchFleet } from '../document.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editDocument } from '../job-edit.ts'
import { printData, printReply } from '../print.ts'
import { operatorTable } from '../render/status.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe } from '../render/words.ts'
import { settlingEnvelopes } from '../resend.ts'
import type { Session } from '../session.ts'
import { submit } from '../submit.ts'
import { another, vouchEverywhere } from '../vouch.ts'

interface AddOptions extends WriteOptions {
  readonly role: Role
  readonly name?: string
  readonly pools?: readonly string[]
  readonly jobs?: readonly string[]
}

export function addFleetOperator(parent: Command, cli: Cli): void {
  const group = parent.command('operator').description('who may do what in the fleet')
  const add = confirmOptions(group.command('add').description('give a key rights, or more than it has'))
    .argument('<key>', 'the id that `shoal context add` printed where the key is')
    .option('--role <role>', 'admin, operator or viewer', 'operator')
    .option('--name <name>', 'what people call its owner')
    .option('--pools <pattern>', 'an operator: pools, such as shop-* (may be repeated; default: all)', collect)
    .option('--jobs <pattern>', 'an operator: jobs, such as web-* or team/* (may be repeated; default: all)', collect)
  remote<AddOptions>(cli, add, (session, { args: [key = ''], options }) => addOperator(session, key, options))
  remote(cli, group.command('list').description('list the keys and what they may do'), async (session) => {
    printReply(session, await session.ask('fleet', { method: 'fleet.status' }), operatorTable)
  })
  const revoke = confirmOptions(group.command('revoke').description('take all rights from a key, for ever'))
    .argument('<operator>', 'name, or id of the key')
    .option('--void', 'vouch for nothing: what it wrote in jobs and about nodes has no effect any more, and what runs by it is held')
  remote<WriteOptions & { void?: boolean }>(cli, revoke, (session, { args: [who = ''], options }) => revokeOperator(session, who, options))
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
  if (options.name !== undefined) wanted.set(fleetPaths.operatorName(operator), options.name)
  for (const pattern of pools) wanted.set(fleetPaths.pools(operator, pattern), true)
  for (const pattern of jobs) wanted.set(fleetPaths.jobs(operator, pattern), true)
  const edit = await editDocument(session, fleetDocId, undefined, () => wanted)
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

async function revokeOperator(session: Session, who: string, options: WriteOptions & { void?: boolean }): Promise<ExitCode> {
  const fleet = await fetchFleet(session)
  const key = findOperator(fleet, who)
  const { id: own } = await authorOf(session.io, session.context)
  if (key === own) throw new CliError('E_USAGE', 'nobody revokes the key that it signs with', { hint: 'another admin does it' })
  mustBeSenior(fleet, own, key)
  const vouched = options.void === true ? null : await vouchEverywhere(session, fleet, key)
  const path = fleetPaths.revoked(key)
  const edit = await editDocument(
    session,
    fleetDocId,
    undefined,
    (doc) => new Map(fleet.rights.revoked.has(key) ? [] : [[path, another(doc, path)]]),
  )
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  const { io, format } = session
  if (format !== 'table') printData(io, format, { key, vouched, receipt })
  else {
    const kept =
      vouched === null ? 'nothing that it wrote in jobs counts any more' : `what it wrote in ${vouched.docs.length} documents still counts`
    io.stdout.write(`${safe(fleet.names.get(key) ?? key)} is revoked; ${kept}\n${receiptLine(receipt, options.confirm)}`)
  }
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

function mustBeSenior({ rights }: Fleet, own: AuthorId, key: OperatorId): void {
  if (rights.now.get(own)?.role !== 'admin') throw new CliError('E_ROLE', 'only an admin revokes keys', { hint: 'ask one' })
  if (isSenior(rights.seniority, own, key)) return
  throw new CliError('E_SENIORITY', `the key ${key} became an admin before ${own}, which cannot revoke it`, {
    hint: 'an admin who was there before it does it',
  })
}

function findOperator({ names, rights }: Fleet, who: string): OperatorId {
  if (isPeerId(who)) return who as OperatorId
  const found = [...names].filter(([id, name]) => name === who && rights.standing.has(id)).map(([id]) => id)
  const open = found.filter((id) => !rights.revoked.has(id))
  const [only, ...others] = open.length > 0 ? open : found
  if (only === undefined) throw new CliError('E_OPERATOR_UNKNOWN', `no operator is called '${who}'`, { hint: 'shoal fleet operator list' })
  if (others.length === 0) return only
  throw new CliError('E_AMBIGUOUS', `several keys are called '${who}'`, { details: found, hint: 'give the id of one' })
}
