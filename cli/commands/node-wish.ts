// `node evict`, `node eligibility`: operators' wishes about a node. They are written into the node's ops document,
// which only operators write; the node finds them there, when it is reachable.

import type { Command } from 'commander'
import { opsPaths } from '../../crdt/documents/ops.ts'
import type { Doc } from '../../crdt/doc.ts'
import { type Cli, type WriteOptions, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import type { ExitCode } from '../exit-codes.ts'
import { safe } from '../render/words.ts'
import { mustNotBeReplaced } from '../boards/replaced.ts'
import type { Session } from '../peers/session.ts'
import { type SelfOption, nodeOrSelf, nodeOrSelfCommand } from '../boards/which-node.ts'
import { nodeCommand, wishAbout } from '../boards/wish-about-node.ts'

interface Wish {
  /** What is written, by path; the first is what the answer names. */
  readonly writes: Readonly<Record<string, boolean>>
  /** What is so from then on: `NODE is draining`. */
  readonly words: string
}

interface EvictOptions extends WriteOptions {
  readonly undo?: boolean
  readonly clone?: string
}

export function addNodeEvict(parent: Command, cli: Cli): Command {
  const command = nodeCommand(
    parent,
    'evict',
    'take a node out of the fleet: its copies are replaced, and it stops them when it hears of it',
  )
    .option('--undo', 'admit it again')
    .option('--clone <id>', 'only this one of several machines that run with its key (node status shows them); the other one keeps it')
  return remote<EvictOptions>(cli, command, (session, { args: [node = ''], options }) => {
    const { clone } = options
    if (clone !== undefined && options.undo === true) throw new CliError('E_USAGE', 'a clone that was sent away joins anew, by itself')
    if (clone !== undefined) return evictClone(session, node, clone, options)
    const evicted = options.undo !== true
    return wish(session, node, { writes: { [opsPaths.evicted]: evicted }, words: evicted ? 'is evicted' : 'is admitted again' }, options)
  })
}

export function addNodeEligibility(parent: Command, cli: Cli): Command {
  const command = nodeOrSelfCommand(parent, 'eligibility', 'say whether a node gets new copies (what runs there stays)')
    .option('--enable', 'it gets new copies')
    .option('--disable', 'it gets none')
  return remote<WriteOptions & SelfOption & { enable?: boolean; disable?: boolean }>(cli, command, async (session, { args, options }) => {
    if ((options.enable === true) === (options.disable === true)) throw new CliError('E_USAGE', 'say either --enable or --disable')
    const eligible = options.enable === true
    const node = await nodeOrSelf(session, args[0], options)
    return await wish(
      session,
      node,
      { writes: { [opsPaths.eligible]: eligible }, words: eligible ? 'is eligible' : 'is not eligible' },
      options,
    )
  })
}

/** For good: the machine ends its copies and its agent, and may join as a new board (`shoal agent --rejoin`). */
async function evictClone(session: Session, name: string, text: string, options: WriteOptions): Promise<ExitCode> {
  const { node } = await session.ask('node', { method: 'node.status', node: name })
  const known = node.clones ?? []
  const [clone, ...others] = known.filter(({ id }) => text !== '' && id.startsWith(text))
  if (clone === undefined || others.length > 0) {
    const words = known.length === 0 ? 'is not known to run on more than one machine' : `has no single clone '${safe(text)}'`
    const details = known.map(({ id, where }) => `  ${id}  ${safe(where)}`)
    throw new CliError('E_CLONE_UNKNOWN', `node ${safe(node.name)} ${words}`, { details, hint: 'shoal node status NODE shows its clones' })
  }
  const words = `: clone ${clone.id} (${safe(clone.where)}) goes`
  return await wishAbout(
    session,
    node.id,
    { changes: () => new Map([[opsPaths.out(clone.id), true]]), words, told: { clone: clone.id } },
    options,
  )
}

async function wish(session: Session, name: string, { writes, words }: Wish, options: WriteOptions): Promise<ExitCode> {
  const changes = (doc: Doc): Map<string, boolean> => {
    if (writes[opsPaths.evicted] === false) mustNotBeReplaced(name, doc)
    if (writes[opsPaths.eligible] === true) mustNotDrain(name, doc)
    return worthWriting(writes, doc)
  }
  return await wishAbout(session, name, { changes, words, told: writes }, options)
}

/** As in Nomad: it would take nothing all the same, and be eligible for who looks at it. */
function mustNotDrain(name: string, { registers }: Doc): void {
  if (registers.get(opsPaths.draining) !== true) return
  throw new CliError('E_DRAINS', `node ${safe(name)} drains, so it takes no new copies whatever is said of its eligibility`, {
    hint: `shoal node drain ${safe(name)} --disable`,
  })
}

/** What was never said and is not so needs no saying: agents without system jobs do not know how a drain treats these. */
function worthWriting(writes: Wish['writes'], { registers }: Doc): Map<string, boolean> {
  const [first] = Object.keys(writes)
  return new Map(Object.entries(writes).filter(([path, value]) => path === first || value || registers.has(path)))
}
