// `node meta`: labels that operators give a board while it runs, for constraints and affinities; they go before those of its own
// configuration. `node weight`: which of several boards that suit is the better one.

import { type Command, InvalidArgumentError } from 'commander'
import type { Doc } from '../../crdt/doc.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import type { Registers, Scalar } from '../../crdt/registers.ts'
import { type Cli, type WriteOptions, collect, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import type { ExitCode } from '../exit-codes.ts'
import { printReply } from '../print.ts'
import { pairs } from '../render/nodes.ts'
import { safe } from '../render/words.ts'
import type { Session } from '../peers/session.ts'
import { askNode } from '../boards/follow-node.ts'
import { nodeCommand, wishAbout } from '../boards/wish-about-node.ts'

interface MetaOptions extends WriteOptions {
  readonly unset?: readonly string[]
  readonly reset?: readonly string[]
}

export function addNodeMeta(parent: Command, cli: Cli): void {
  const command = nodeCommand(parent, 'meta', 'show the labels of a node, or give it others while it runs')
    .argument('[labels...]', 'NAME=VALUE')
    .option('--unset <name>', 'it has no such label, also if its own configuration names one (may be repeated)', collect)
    .option('--reset <name>', 'what its own configuration says counts again (may be repeated)', collect)
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

async function setLabels(session: Session, name: string, texts: readonly string[], options: MetaOptions): Promise<ExitCode | void> {
  const wanted = wantedLabels(texts, options)
  if (wanted.size === 0) {
    const reply = await session.ask('node', { method: 'node.status', node: name })
    return printReply(session, reply, ({ node: { labels } }) => `${pairs(labels)}\n`)
  }
  const { id, labels } = await askNode(session, name)
  const changes = (doc: Doc): ReadonlyMap<string, Scalar | null> =>
    new Map([...wanted].flatMap(([label, wish]) => [...wishesFor(label, wish, doc.registers, Object.hasOwn(labels, label))]))
  const words = `is labelled ${[...wanted].map(([label, wish]) => toldOf(safe(label), wish)).join(', ')}`
  const told = { labels: Object.fromEntries([...wanted].map(([label, { value }]) => [label, value])) }
  return await wishAbout(session, id, { changes, words, told }, options)
}

/** `isReset`: what its configuration says counts again. Else null: it has no such label, whatever its configuration says. */
interface LabelWish {
  readonly value: string | null
  readonly isReset: boolean
}

function wantedLabels(texts: readonly string[], { unset = [], reset = [] }: MetaOptions): ReadonlyMap<string, LabelWish> {
  const wanted = new Map<string, LabelWish>(texts.map(parseLabel).map(([name, value]) => [name, { value, isReset: false }]))
  for (const [names, isReset] of [
    [unset, false],
    [reset, true],
  ] as const)
    for (const name of names) {
      if (wanted.has(name)) throw new CliError('E_USAGE', `'${safe(name)}' is named twice: give it, --unset it or --reset it`)
      wanted.set(name, { value: null, isReset })
    }
  return wanted
}

/** `isThere`: the node has the label now. What nobody ever gave needs no taking back. */
function wishesFor(label: string, { value, isReset }: LabelWish, registers: Registers, isThere: boolean): Map<string, Scalar | null> {
  const [given, unset] = [opsPaths.label(label), opsPaths.unset(label)]
  const wishes = new Map<string, Scalar | null>()
  if (value !== null || registers.has(given)) wishes.set(given, value)
  const isUnset = value === null && !isReset
  if (isUnset ? isThere || registers.has(given) : registers.has(unset)) wishes.set(unset, isUnset ? true : null)
  return wishes
}

function toldOf(label: string, { value, isReset }: LabelWish): string {
  if (value !== null) return `${label}=${safe(value)}`
  return isReset ? `with ${label} as its configuration says` : `without ${label}`
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
