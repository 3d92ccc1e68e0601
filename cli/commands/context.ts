// `context`: which fleets this operator knows, which one commands mean, and the ordered list of peers to try. The file may as well
// be edited by hand.

import type { Command } from 'commander'
import { type Cli, local, outputOption } from '../command.ts'
import { contextsFile } from '../config-dir.ts'
import { type Contexts, readContexts, writeContexts } from '../contexts.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { mustBePeers } from '../peer-address.ts'
import { type OutputFormat, paintFor, printData } from '../print.ts'
import { table } from '../render/table.ts'
import { findContext } from '../target.ts'

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
  const peers = group
    .command('peers')
    .description('set the peers to try, in this order')
    .argument('<address...>', 'multiaddrs, host:port, or unix:/path of a socket on this board')
    .option('--context <name>', 'context to change (default: the current one)')
  local<{ context?: string }>(cli, peers, ({ args, options }) => setPeers(cli.io, args[0] as unknown as string[], options.context))
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
