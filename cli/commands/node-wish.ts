// `node evict`, `node drain`, `node eligibility`: operators' wishes about a node. They are written into the node's ops document,
// which only operators write; the node finds them there, when it is reachable.

import type { Command } from 'commander'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { type NodeId, opsDocId } from '../../crdt/ids.ts'
import type { Registers } from '../../crdt/registers.ts'
import { type Cli, type WriteOptions, confirmOptions, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editDocument } from '../job-edit.ts'
import { printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe } from '../render/words.ts'
import { settlingEnvelopes } from '../resend.ts'
import type { Session } from '../session.ts'
import { submit } from '../submit.ts'

interface Wish {
  /** What is written, by path; the first is what the answer names. */
  readonly writes: Readonly<Record<string, boolean>>
  /** What is so from then on: `NODE is draining`. */
  readonly words: string
}

export function addNodeEvict(parent: Command, cli: Cli): Command {
  const command = nodeCommand(
    parent,
    'evict',
    'take a node out of the fleet: its copies are replaced, and it stops them when it hears of it',
  ).option('--undo', 'admit it again')
  return remote<WriteOptions & { undo?: boolean }>(cli, command, (session, { args: [node = ''], options }) => {
    const evicted = options.undo !== true
    return wish(session, node, { writes: { [opsPaths.evicted]: evicted }, words: evicted ? 'is evicted' : 'is admitted again' }, options)
  })
}

export function addNodeDrain(parent: Command, cli: Cli): Command {
  const command = nodeCommand(parent, 'drain', 'move all copies off a node; those of system jobs end last')
    .option('--off', 'stop draining')
    .option('--ignore-system', 'leave the copies of system jobs where they are')
  return remote<WriteOptions & { off?: boolean; ignoreSystem?: boolean }>(cli, command, (session, { args: [node = ''], options }) => {
    const draining = options.off !== true
    const ignored = options.ignoreSystem === true
    if (ignored && !draining) throw new CliError('E_USAGE', '--ignore-system says how to drain, --off that it ends')
    const words = draining ? `is draining${ignored ? ', but for system jobs' : ''}` : 'is no longer draining'
    return wish(session, node, { writes: { [opsPaths.draining]: draining, [opsPaths.drainIgnoresSystem]: ignored }, words }, options)
  })
}

export function addNodeEligibility(parent: Command, cli: Cli): Command {
  const command = nodeCommand(parent, 'eligibility', 'say whether a node gets new copies (what runs there stays)')
    .option('--enable', 'it gets new copies')
    .option('--disable', 'it gets none')
  return remote<WriteOptions & { enable?: boolean; disable?: boolean }>(cli, command, (session, { args: [node = ''], options }) => {
    if ((options.enable === true) === (options.disable === true)) throw new CliError('E_USAGE', 'say either --enable or --disable')
    const eligible = options.enable === true
    return wish(session, node, { writes: { [opsPaths.eligible]: eligible }, words: eligible ? 'is eligible' : 'is not eligible' }, options)
  })
}

function nodeCommand(parent: Command, word: string, description: string): Command {
  return confirmOptions(parent.command(word).description(description).argument('<node>', 'name, or unique prefix of the id'))
}

async function wish(session: Session, name: string, { writes, words }: Wish, options: WriteOptions): Promise<ExitCode> {
  const { node } = await session.ask('node', { method: 'node.status', node: name })
  const edit = await editDocument(session, opsDocId(node.id as NodeId), node.pool, ({ registers }) => worthWriting(writes, registers))
  // The first wish about a node that says what is so anyhow is still written: it is a wish, and later defaults may differ.
  const receipt = await submit(session, await settlingEnvelopes(session, edit, node.pool), node.pool, options)
  if (session.format === 'table') {
    const already = edit.envelopes.length === 0 ? ' already' : ''
    session.io.stdout.write(`node ${safe(node.name)} ${words}${already}\n${receiptLine(receipt, options.confirm)}`)
  } else printData(session.io, session.format, { node: node.id, ...writes, receipt })
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

/** What was never said and is not so needs no saying: agents without system jobs do not know how a drain treats these. */
function worthWriting(writes: Wish['writes'], registers: Registers): Map<string, boolean> {
  const [first] = Object.keys(writes)
  return new Map(Object.entries(writes).filter(([path, value]) => path === first || value || registers.has(path)))
}
