// `context`: which fleets this operator knows, which one commands mean, and the ordered list of peers to try. The file may as well
// be edited by hand.

import type { Command } from 'commander'
import { type Cli, local, outputOption } from '../command.ts'
import { contextsFile } from '../peers/config-dir.ts'
import { type Contexts, readContexts, writeContexts } from '../peers/contexts.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { unhex, isName } from '../../crdt/ids.ts'
import type { JoinFile } from '../fleet/fleet-files.ts'
import { makeContext } from '../peers/make-context.ts'
import { isPeerAddress, mustBePeers } from '../peers/peer-address.ts'
import { readTextFile } from '../text-file.ts'
import { type OutputFormat, paintFor, printData } from '../print.ts'
import { table } from '../render/table.ts'
import { findContext } from '../peers/target.ts'

export function addContext(parent: Command, cli: Cli): void {
  const group = parent.command('context').description('the fleets that you know, and the peers to try')
  const list = group.command('list').description('list the contexts').addOption(outputOption())
  local<{ output: OutputFormat }>(cli, list, async ({ options }) =>
    listContexts(cli.io, await readContexts(contextsFile(cli.io.env)), options.output),
  )
  const use = group.command('use').description('make a context the current one').argument('<name>')
  local(cli, use, async ({ args: [name = ''] }) => {
    await findContext(cli.io, name)
    await writeContexts({ ...(await readContexts(contextsFile(cli.io.env))), current: name })
    cli.io.stdout.write(`commands now mean ${name}\n`)
  })
  const add = group
    .command('add')
    .description('make a key of your own for a fleet that another admin made, and its context')
    .argument('<file>', "the fleet's join file")
    .option('--name <name>', "what to call the context (default: the fleet's name)")
    .option('--key <file>', 'use this key, and leave it where it is (a recovery key on its stick)')
    .addOption(outputOption())
  local<AddOptions>(cli, add, ({ args: [file = ''], options }) => addContextFrom(cli.io, file, options))
  const peers = group
    .command('peers')
    .description('set the peers to try, in this order')
    .argument('<address...>', 'multiaddrs, host:port, or unix:/path of a socket on this board')
    .option('--context <name>', 'context to change (default: the current one)')
  local<{ context?: string }>(cli, peers, ({ args, options }) => setPeers(cli.io, args[0] as unknown as string[], options.context))
}

interface AddOptions {
  readonly name?: string
  readonly key?: string
  readonly output: OutputFormat
}

async function addContextFrom(io: Io, file: string, options: AddOptions): Promise<void> {
  const join = readJoin(file, await readTextFile(io, file))
  const name = options.name ?? join.name
  const { key, keyFile } = await makeContext(io, name, {
    fleet: join.fleet,
    psk: unhex(join.psk),
    peers: join.bootstrap,
    keyFile: options.key,
  })
  if (options.output !== 'table') return printData(io, options.output, { context: name, key: key.id, keyFile })
  io.stdout.write(`context ${name} is made
  your key   ${key.id}
             ${keyFile}

${options.key === undefined ? `It has no rights yet. An admin gives it some: shoal fleet operator add ${key.id} --name NAME` : 'commands now sign with it; shoal fleet operator list shows what it may do'}
`)
}

function readJoin(file: string, text: string): JoinFile {
  const found = parseJson(text)
  const { fleet, name, psk, bootstrap } = found
  const isHex = (value: unknown): boolean => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
  const isList = Array.isArray(bootstrap) && bootstrap.every((one) => typeof one === 'string' && isPeerAddress(one))
  if (isHex(fleet) && isHex(psk) && typeof name === 'string' && isName(name) && isList) return found as unknown as JoinFile
  throw new CliError('E_JOIN_FORMAT', `'${file}' is not a join file`, { hint: 'shoal fleet init NAME made one' })
}

function parseJson(text: string): Partial<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(text)
    return typeof found === 'object' && found !== null ? found : {}
  } catch {
    return {}
  }
}

async function setPeers(io: Io, addresses: readonly string[], name: string | undefined): Promise<void> {
  mustBePeers(addresses)
  const context = await findContext(io, name)
  if (context === null) throw new CliError('E_NO_CONTEXT', 'there is no context', { hint: 'make a fleet with: shoal fleet init NAME' })
  const known = await readContexts(contextsFile(io.env))
  const contexts = known.contexts.map((one) => (one.name === context.name ? { ...one, peers: addresses } : one))
  await writeContexts({ ...known, contexts })
  io.stdout.write(`${context.name}: ${addresses.join(', ')}\n`)
}

function listContexts(io: Io, known: Contexts, format: OutputFormat): void {
  const { current, contexts } = known
  if (format !== 'table') return printData(io, format, { current, contexts })
  if (contexts.length === 0) return void io.stdout.write('no contexts; make a fleet with: shoal fleet init NAME\n')
  const paint = paintFor(io)
  const text = table<(typeof contexts)[number]>(
    [
      { head: 'CURRENT', text: (one) => (one.name === current ? '*' : '') },
      { head: 'CONTEXT', text: (one) => one.name, paint: paint.bold },
      { head: 'FLEET', text: (one) => one.fleet.slice(0, 8), paint: paint.dim },
      { head: 'PEERS', text: (one) => one.peers.join(', ') || '-' },
    ],
    contexts,
    paint,
  )
  io.stdout.write(text)
}
