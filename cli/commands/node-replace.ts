// `node replace OLD NEW`: a board takes the place of one that is gone. Both wishes go to the peer in one request: what NEW is to be from now
// on, then the one change that evicts OLD and names who takes over (docs/adr/0023).

import type { Command } from 'commander'
import type { Coverage } from '../../crdt/api-types.ts'
import type { NodeDetail } from '../../crdt/api-nodes.ts'
import { opsFromRegisters, opsPaths } from '../../crdt/documents/ops.ts'
import type { Doc } from '../../crdt/doc.ts'
import { type NodeId, opsDocId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { admissionOf } from '../boards/admit-node.ts'
import { type Cli, type WriteOptions, confirmOptions, remote } from '../command.ts'
import { confirmed } from '../confirm.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { boardNamed } from '../boards/find-board.ts'
import { type Edit, editDocument } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { age, plural, safe, shortId } from '../render/words.ts'
import { findReplacement } from '../boards/replacement.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { type Receipt, submit } from '../documents/submit.ts'
import type { NamedNode } from '../boards/wish-about-node.ts'

interface Options extends WriteOptions {
  readonly yes?: boolean
  readonly force?: boolean
}

export function addNodeReplace(parent: Command, cli: Cli): Command {
  const command = confirmOptions(
    parent
      .command('replace')
      .description('give a new board the name, labels, pool and copies of one that is gone; the old one is evicted for good')
      .argument('<old>', 'name, or unique prefix of the id')
      .argument('<new>', `the board that takes its place, waiting or admitted: ${boardNamed}`),
  )
    .option('-y, --yes', 'do not ask')
    .option('--force', 'also if the old board is alive: it stops its copies when it hears of it')
  return remote<Options>(cli, command, (session, { args: [old = '', fresh = ''], options }) => replace(session, old, fresh, options))
}

async function replace(session: Session, oldText: string, newText: string, options: Options): Promise<ExitCode> {
  const { node: old, coverage } = await session.ask('node', { method: 'node.status', node: oldText })
  const fresh = await findReplacement(session, newText, old)
  mustBeGone(old, fresh, coverage, options)
  if (options.yes !== true) await mustBeMeant(session, old, fresh, coverage)
  const edits = await editBoth(session, old, fresh)
  const envelopes = [
    ...(await settlingEnvelopes(session, edits.fresh, old.pool)),
    ...(await settlingEnvelopes(session, edits.old, old.pool)),
  ]
  return told(session, { old, fresh, doc: edits.fresh.after }, await submit(session, envelopes, old.pool, options), options)
}

function mustBeGone(old: NodeDetail, fresh: NamedNode, { nodeName }: Coverage, { force }: Options): void {
  const others = (old.replacedBy ?? []).filter((id) => id !== fresh.id)
  if (others.length > 0)
    throw new CliError('E_REPLACED', `node ${safe(old.name)} was replaced by ${others.map(shortId).join(', ')} already`, {
      hint: `if that board is gone as well: shoal node replace ${shortId(others[0]!)} ${safe(fresh.name)}`,
    })
  if (old.liveness !== 'alive' || old.evicted || force === true) return
  throw new CliError('E_ALIVE', `node ${safe(old.name)} is alive: ${safe(nodeName)} hears it now`, {
    hint: 'drain it first and let it leave (shoal node leave), or give --force: it then stops its copies when it hears of this',
  })
}

async function mustBeMeant(
  { io }: Session,
  old: NodeDetail,
  fresh: NamedNode,
  { nodeName, nodesAlive, nodesTotal }: Coverage,
): Promise<void> {
  const seen = `${safe(nodeName)} hears ${nodesAlive} of ${plural(nodesTotal, 'node')}`
  const labels = plural(Object.keys(old.labels).length, 'label')
  const question =
    `${safe(old.name)} (${shortId(old.id)}, pool ${old.pool}, ${lastHeard(old)}; ${seen}) is evicted for good, its key never comes back. ` +
    `${safe(fresh.name)} (${shortId(fresh.id)}) gets its name, ${labels} and those of its copies that run nowhere else.`
  const isMeant = await confirmed(io, question)
  if (isMeant === true) return
  const found = isMeant === null ? 'there is no terminal to ask whether that is meant' : 'it was not confirmed'
  throw new CliError('E_CONFIRM', `${found}: nothing was changed`, { hint: `${question} Give --yes if that is meant` })
}

function lastHeard({ evicted, liveness, silentMs }: NodeDetail): string {
  if (evicted) return 'evicted already'
  if (liveness === 'left') return 'it has left'
  if (liveness === 'alive') return 'alive'
  return liveness === 'unheard' ? `not heard of for ${age(silentMs)} at least` : `last heard ${age(silentMs)} ago`
}

interface Edits {
  readonly old: Edit
  readonly fresh: Edit
}

async function editBoth(session: Session, old: NodeDetail, fresh: NamedNode): Promise<Edits> {
  const successor = new Map<string, Scalar>([
    [opsPaths.evicted, true],
    [opsPaths.replacedBy(fresh.id), true],
  ])
  const oldEdit = await editDocument(session, opsDocId(old.id as NodeId), old.pool, () => successor)
  const admission = await admissionOf(session, fresh)
  // Said before: what operators have wished about the new board since then stands.
  const isHeir = opsFromRegisters(oldEdit.before.registers).replacedBy.includes(fresh.id)
  const legacy = (doc: Doc): ReadonlyMap<string, Scalar> => (isHeir ? new Map() : inherited(old, oldEdit.before, doc))
  const changes = (doc: Doc): ReadonlyMap<string, Scalar | null> => new Map([...admission(doc), ...legacy(doc)])
  return { old: oldEdit, fresh: await editDocument(session, opsDocId(fresh.id), old.pool, changes) }
}

/** Its labels as they are in force, whoever gave them. A drain is not passed on: it was about the board that goes. */
function inherited(old: NodeDetail, before: Doc, { registers }: Doc): ReadonlyMap<string, Scalar> {
  const { eligible, weight } = opsFromRegisters(before.registers)
  const own = opsFromRegisters(registers)
  const changes = new Map<string, Scalar>([[opsPaths.name, old.name]])
  for (const [key, value] of Object.entries(old.labels)) changes.set(opsPaths.label(key), value)
  if (own.eligible !== eligible) changes.set(opsPaths.eligible, eligible)
  if (own.weight !== weight) changes.set(opsPaths.weight, weight)
  return changes
}

interface Replaced {
  readonly old: NodeDetail
  readonly fresh: NamedNode
  /** What is wished about the new board from now on. */
  readonly doc: Doc
}

function told({ io, format }: Session, { old, fresh, doc }: Replaced, receipt: Receipt, options: Options): ExitCode {
  const { name, labels, eligible } = opsFromRegisters(doc.registers)
  if (format !== 'table') printData(io, format, { old: old.id, node: fresh.id, name, pool: old.pool, labels, eligible, receipt })
  else {
    io.stdout.write(`node ${safe(fresh.name)} (${shortId(fresh.id)}) has taken the place of ${safe(old.name)} (${shortId(old.id)})\n`)
    if (!eligible) io.stdout.write(`it gets no copies, as the old one got none: shoal node eligibility ${safe(name)} --enable\n`)
    io.stdout.write(receiptLine(receipt, options.confirm))
  }
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}
