// `node meta`: labels that operators give a board while it runs, for constraints and affinities; they go before those of its own
// configuration. `node weight`: which of several boards that suit is the better one.

import { type Command, InvalidArgumentError } from 'commander'
import { opsPaths } from '../../crdt/documents/ops.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { type Cli, type WriteOptions, collect, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import type { ExitCode } from '../exit-codes.ts'
import { printReply } from '../print.ts'
import { pairs } from '../render/nodes.ts'
import { safe } from '../render/words.ts'
import type { Session } from '../peers/session.ts'
import { nodeCommand, wishAbout } from '../boards/wish-about-node.ts'

interface MetaOptions extends WriteOptions {
  readonly unset?: readonly string[]
}

export function addNodeMeta(parent: Command, cli: Cli): void {
  const command = nodeCommand(parent, 'meta', 'show the labels of a node, or give it others while it runs')
    .argument('[labels...]', 'NAME=VALUE')
    .option('--unset <name>', 'take back what an operator gave it (may be repeated)', collect)
  remote<MetaOptions>(cli, command, (session, { args: [node = '', ...rest], options }) =>
    setLabels(session, node, rest.flat() as readonly string[], options),
  )
}

export function addNodeWeight(parent: Command, cli: Cli): void {
  const command = nodeCommand(parent, 'weight', 'say how much better a node is than another that suits as well').argument(
    '<weight>',
    '-100 to 100; 0 is that of every node',
    parseWeight,
  )
  remote<WriteOptions>(cli, command, (session, { args: [node = '', weight], options }) => {
    const value = weight as unknown as number
    const words = `has weight ${value}`
    return wishAbout(session, node, { changes: () => new Map([[opsPaths.weight, value]]), words, told: { weight: value } }, options)
  })
}

async function setLabels(session: Session, node: string, texts: readonly string[], options: MetaOptions): Promise<ExitCode | void> {
  const wanted = new Map<string, string | null>(texts.map((text) => parseLabel(text)))
  for (const name of options.unset ?? []) {
    if (wanted.has(name)) throw new CliError('E_USAGE', `'${name}' is given and taken back at once`)
    wanted.set(name, null)
  }
  if (wanted.size === 0) {
    const reply = await session.ask('node', { method: 'node.status', node })
    return printReply(session, reply, ({ node: { labels } }) => `${pairs(labels)}\n`)
  }
  const changes = new Map<string, Scalar | null>([...wanted].map(([name, value]) => [opsPaths.label(name), value]))
  const told = [...wanted].map(([name, value]) => (value === null ? `without ${safe(name)}` : `${safe(name)}=${safe(value)}`))
  const words = `is labelled ${told.join(', ')}`
  return await wishAbout(session, node, { changes: () => changes, words, told: { labels: Object.fromEntries(wanted) } }, options)
}

function parseLabel(text: string): [string, string] {
  const [, name, value] = /^([^=\s]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined)
    throw new CliError('E_USAGE', `'${text}' is not NAME=VALUE`, { hint: 'shoal node meta board-7 site=north' })
  return [name, value]
}

function parseWeight(text: string): number {
  if (!/^-?\d{1,3}$/.test(text) || Math.abs(Number(text)) > 100) throw new InvalidArgumentError('allowed: a whole number from -100 to 100.')
  return Number(text)
}
