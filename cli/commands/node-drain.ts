// `node drain`: copies leave a node, and the command follows them there. The wish is written into the node's ops document; the drain goes
// on without whoever said it.

import type { Command } from 'commander'
import type { NodeDetail } from '../../crdt/api-nodes.ts'
import type { Doc } from '../../crdt/doc.ts'
import { modelLimits } from '../../crdt/documents/model-limits.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { line } from '../../crdt/documents/value-kind.ts'
import type { NodeId } from '../../crdt/ids.ts'
import type { Registers, Scalar } from '../../crdt/registers.ts'
import { followDrain } from '../boards/follow-drain.ts'
import { askNode } from '../boards/follow-node.ts'
import { nodeOrSelf, nodeOrSelfCommand } from '../boards/which-node.ts'
import { type WishAbout, wishAbout, writeWish } from '../boards/wish-about-node.ts'
import { type Cli, type WriteOptions, parseMillis, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Session } from '../peers/session.ts'
import { printData } from '../print.ts'
import { safe } from '../render/words.ts'

interface Options extends WriteOptions {
  readonly enable?: boolean
  readonly disable?: boolean
  readonly monitor?: boolean
  /** false: --no-deadline. */
  readonly deadline?: number | false
  readonly force?: boolean
  readonly ignoreSystem?: boolean
  readonly keepIneligible?: boolean
  readonly message?: string
  readonly detach?: boolean
  readonly follow: number
  readonly self?: boolean
}

/** Nomad's. */
const deadlineMsDefault = 3_600_000

export function addNodeDrain(parent: Command, cli: Cli): Command {
  const command = nodeOrSelfCommand(parent, 'drain', 'move all copies off a node, and follow them; those of system jobs end last')
    .option('--enable', 'begin to drain (as without any of these three)')
    .option('--disable', 'stop draining: what is still there stays')
    .option('--monitor', 'only follow a drain that goes on')
    .option('--deadline <duration>', 'what no other board has taken over by then is stopped (default: 1h)', parseMillis)
    .option('--no-deadline', 'wait for as long as it takes')
    .option('--force', 'what it runs is stopped at once, whether another board takes it over or not')
    .option('--ignore-system', 'leave the copies of system jobs where they are')
    .option('--keep-ineligible', 'with --disable: the node takes no new copies either')
    .option('-m, --message <text>', 'why, for whoever looks at the node')
    .option('-d, --detach', 'return at once, without following')
    .option('--follow <duration>', 'how long to follow the copies', parseMillis, 600_000)
  return remote<Options>(cli, command, async (session, { args: [name], options }) => {
    mustBeClear(options)
    const node = await askNode(session, await nodeOrSelf(session, name, options))
    if (options.disable === true) return await disable(session, node, options)
    if (options.monitor === true) return await followDrain(session, node, options.follow, false)
    return await enable(session, node, options)
  })
}

function mustBeClear(options: Options): void {
  const { enable, disable, monitor, deadline, force, ignoreSystem, keepIneligible, message, detach } = options
  const refuse = (words: string): never => {
    throw new CliError('E_USAGE', words)
  }
  if ([enable, disable, monitor].filter((one) => one === true).length > 1) refuse('say one of --enable, --disable and --monitor')
  if (force === true && deadline !== undefined) refuse('--force stops at once what it runs, --deadline later, --no-deadline never: say one')
  const isBegun = disable !== true && monitor !== true
  const isHow = deadline !== undefined || force === true || ignoreSystem === true || message !== undefined
  if (isHow && !isBegun) refuse('--deadline, --no-deadline, --force, --ignore-system and --message say how to drain: they go with --enable')
  if (keepIneligible === true && disable !== true) refuse('--keep-ineligible goes with --disable')
  if (detach === true && monitor === true) refuse('--monitor follows, --detach does not')
  const fault = message === undefined ? null : line(modelLimits.lineBytesMax)(message)
  if (fault !== null) refuse(`--message: ${fault}`)
}

async function enable(session: Session, node: NodeDetail, options: Options): Promise<ExitCode> {
  if (node.evicted)
    throw new CliError('E_EVICTED', `node ${safe(node.name)} is evicted: it stops what it runs when it hears of that, and nobody drains it`)
  const changes = (doc: Doc): Wished => begun(doc, session.io.now(), options)
  const wish = { changes, words: beginningWords(options), told: { draining: true } }
  if (options.detach === true) return await wishAbout(session, node.id, wish, options)
  const exitCode =
    session.format === 'table' ? await wishAbout(session, node.id, wish, options) : await wishQuietly(session, node, wish, options)
  if (exitCode !== exitCodes.done) return exitCode
  if (node.liveness !== 'alive')
    session.io.stderr.write(`node ${safe(node.name)} is ${node.liveness} here: it drains once it hears of this\n`)
  return await followDrain(session, node, options.follow, true)
}

/** Answers as data with what the drain has come to, and not with the wish. */
async function wishQuietly(
  session: Session,
  node: NodeDetail,
  { changes }: Pick<WishAbout, 'changes'>,
  options: Options,
): Promise<ExitCode> {
  const { receipt } = await writeWish(session, { ...node, id: node.id as NodeId }, changes, options)
  if (receipt?.confirmed !== false) return exitCodes.done
  printData(session.io, session.format, { node: node.id, draining: true, receipt })
  return exitCodes.notConfirmed
}

function beginningWords({ ignoreSystem, force, deadline = deadlineMsDefault }: Options): string {
  const end = force === true ? '; what it runs stops now' : deadline === false ? ', for as long as it takes' : ''
  return `is draining${ignoreSystem === true ? ', but for system jobs' : ''}${end}`
}

function begun({ registers }: Doc, now: number, options: Options): Wished {
  const { force, deadline = deadlineMsDefault, ignoreSystem = false, message = null } = options
  const deadlineMs = force === true ? 0 : deadline === false ? null : deadline
  return worthSaying(registers, [
    [opsPaths.draining, true],
    [opsPaths.drainSaidAtMs, now],
    [opsPaths.drainDeadlineMs, deadlineMs],
    [opsPaths.drainMessage, message],
    [opsPaths.drainIgnoresSystem, ignoreSystem],
    // A drain that was to end in leaving is one that does not.
    [opsPaths.leave, false],
  ])
}

async function disable(session: Session, node: NodeDetail, options: Options): Promise<ExitCode> {
  const { keepIneligible = false } = options
  const isClosed = keepIneligible || !node.eligible
  const changes = ({ registers }: Doc): Wished =>
    worthSaying(registers, [
      [opsPaths.draining, false],
      [opsPaths.drainIgnoresSystem, false],
      // As a whole: nothing of it comes back with the next drain.
      [opsPaths.leave, false],
      [opsPaths.drainSaidAtMs, null],
      [opsPaths.drainDeadlineMs, null],
      [opsPaths.drainMessage, null],
      ...(keepIneligible ? ([[opsPaths.eligible, false]] as const) : []),
    ])
  const told = { draining: false, ...(keepIneligible ? { eligible: false } : {}) }
  const words = `is no longer draining${isClosed ? ', and not eligible' : ''}`
  const exitCode = await wishAbout(session, node.id, { changes, words, told }, options)
  if (isClosed && session.format === 'table')
    session.io.stdout.write(`it takes no new copies until: shoal node eligibility ${safe(node.name)} --enable\n`)
  return exitCode
}

type Wished = ReadonlyMap<string, Scalar | null>

/** What was never said and is not so needs no saying, but for what the command is about: agents of before do not know all of these. */
function worthSaying(registers: Registers, wished: readonly (readonly [path: string, value: Scalar | null])[]): Wished {
  const isNews = ([path, value]: (typeof wished)[number]): boolean => {
    if (registers.has(path) || path === opsPaths.draining || path === opsPaths.eligible) return true
    return value !== null && value !== false
  }
  return new Map(wished.filter(isNews))
}
