// `node leave`: takes a board out of the fleet for good. A wish like a drain, which ends in the board's own word that it has left; this
// command follows it there. What it waits for is said, and `--deadline` or `--force` says for how long.

import type { Command } from 'commander'
import type { AllocRow } from '../../crdt/api-jobs.ts'
import type { NodeDetail } from '../../crdt/api-nodes.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { slotParts, type NodeId, type SlotId } from '../../crdt/ids.ts'
import type { Registers, Scalar } from '../../crdt/registers.ts'
import { askNode, followNode } from '../boards/follow-node.ts'
import { type Cli, type WriteOptions, parseMillis, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { printData } from '../print.ts'
import { isOver, slotText } from '../render/allocs.ts'
import { reasonText } from '../render/reasons.ts'
import { receiptLine } from '../render/receipt.ts'
import { plural, safe } from '../render/words.ts'
import type { Session } from '../peers/session.ts'
import { nodeCommand, writeWish } from '../boards/wish-about-node.ts'

interface Options extends WriteOptions {
  readonly deadline?: number
  readonly force?: boolean
  readonly detach?: boolean
  readonly follow: number
}

export function addNodeLeave(parent: Command, cli: Cli): Command {
  const command = nodeCommand(
    parent,
    'leave',
    'take a node out of the fleet for good: its copies move, then its agent ends (node drain --disable takes it back until then)',
  )
    .option('--deadline <duration>', 'what no other board has taken over by then is stopped', parseMillis)
    .option('--force', 'what it runs is stopped at once, whether another board takes it over or not')
    .option('-d, --detach', 'return at once, without waiting until it has left')
    .option('--follow <duration>', 'how long to wait until it has left', parseMillis, 600_000)
  return remote<Options>(cli, command, (session, { args: [name = ''], options }) => leave(session, name, options))
}

async function leave(session: Session, name: string, options: Options): Promise<ExitCode> {
  if (options.force === true && options.deadline !== undefined)
    throw new CliError('E_USAGE', '--force stops at once what it runs, --deadline later: say one of them')
  const node = await askNode(session, name)
  if (node.liveness === 'left') return told(session, node, exitCodes.done, 'has left already')
  if (node.evicted)
    throw new CliError('E_EVICTED', `node ${safe(node.name)} is evicted: nobody hears it, so it cannot tell that it leaves`, {
      hint: 'nothing more is to be done in the fleet; on the board: uninstall.sh --purge',
    })
  const deadlineMs = options.force === true ? 0 : (options.deadline ?? null)
  const { receipt } = await writeWish(
    session,
    { ...node, id: node.id as NodeId },
    ({ registers }) => wished(registers, deadlineMs),
    options,
  )
  if (session.format === 'table' && receipt !== null)
    session.io.stdout.write(`node ${safe(node.name)} is leaving\n${receiptLine(receipt, options.confirm)}`)
  if (receipt?.confirmed === false) return told(session, node, exitCodes.notConfirmed)
  if (options.detach === true) return told(session, node, exitCodes.done)
  sayWhatIsInTheWay(session, node)
  return await follow(session, node, options)
}

function wished(registers: Registers, deadlineMs: number | null): ReadonlyMap<string, Scalar | null> {
  const changes = new Map<string, Scalar | null>([
    [opsPaths.draining, true],
    [opsPaths.leave, true],
  ])
  // It leaves nothing behind, whatever an earlier drain said of system jobs.
  if (registers.get(opsPaths.drainIgnoresSystem) === true) changes.set(opsPaths.drainIgnoresSystem, false)
  if (deadlineMs !== null || registers.has(opsPaths.leaveDeadlineMs)) changes.set(opsPaths.leaveDeadlineMs, deadlineMs)
  return changes
}

function sayWhatIsInTheWay({ io }: Session, { name, liveness }: NodeDetail): void {
  if (liveness === 'alive') return
  const words = `node ${safe(name)} is ${liveness} here: it leaves once it hears of this`
  io.stderr.write(`${words}. If it is gone for good: shoal node evict ${safe(name)}\n`)
}

async function follow(session: Session, { id, name }: NodeDetail, options: Options): Promise<ExitCode> {
  const { io, format } = session
  let said = ''
  return await followNode(session, id, options.follow, async (node, isLast) => {
    if (node.liveness === 'left') return told(session, node, exitCodes.done, 'has left the fleet')
    if (node.leaving !== true) throw new CliError('E_NOT_LEAVING', `node ${safe(name)} leaves no more: somebody has taken it back`)
    const held = node.claims.filter((alloc) => !isOver(alloc))
    const words = held.length === 0 ? 'holds nothing any more' : `still holds ${plural(held.length, 'copy', 'copies')}`
    if (words !== said && format === 'table') io.stdout.write(`node ${safe(name)} ${words}\n`)
    said = words
    return isLast ? await givesUp(session, node, held) : null
  })
}

/** What it waits for: where a copy has no other place, its slot says why. */
async function givesUp(session: Session, node: NodeDetail, held: readonly AllocRow[]): Promise<ExitCode> {
  const { io } = session
  const reasons = new Map<string, string | null>()
  for (const job of new Set(held.map(({ slot }) => slotParts(slot as SlotId).job))) {
    const reply = await session.ask('job', { method: 'job.status', job }, { pool: node.pool })
    for (const { slot, reason } of reply.job.slots) reasons.set(slot, reason)
  }
  for (const { slot } of held) {
    const reason = reasons.get(slot)
    io.stderr.write(`${slotText(slot)}: ${reason == null ? 'not moved yet' : reasonText(reason)}\n`)
  }
  if (held.length === 0 && node.liveness === 'alive') io.stderr.write('it holds nothing, and no other board has heard yet that it left\n')
  io.stderr.write(`it goes on by itself; to stop what nobody takes over: shoal node leave ${safe(node.name)} --force\n`)
  return told(session, node, exitCodes.notPlaced)
}

function told({ io, format }: Session, { id, name, liveness }: NodeDetail, exitCode: ExitCode, words?: string): ExitCode {
  if (format !== 'table') printData(io, format, { node: id, leaving: true, left: liveness === 'left', exitCode })
  else if (words !== undefined) io.stdout.write(`node ${safe(name)} ${words}\n`)
  return exitCode
}
