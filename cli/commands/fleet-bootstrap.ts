// `fleet bootstrap`: the addresses that boards try first, besides what their join files say. One register for each address in the fleet
// document, so that two admins who change the list on two sides of a cut both have their way.

import type { Command } from 'commander'
import { isSameAddress } from '../../crdt/bootstrap-addresses.ts'
import { bootstrapFromRegisters, fleetPaths } from '../../crdt/documents/fleet.ts'
import { modelLimits } from '../../crdt/documents/model-limits.ts'
import { type Cli, type WriteOptions, confirmOptions, remoteAboutFleet } from '../command.ts'
import { fetchFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editFleet } from '../job/job-edit.ts'
import { mustBeReachable } from '../peers/peer-address.ts'
import { paintFor, printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { table } from '../render/table.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'

type Verb = 'add' | 'remove'

export function addFleetBootstrap(parent: Command, cli: Cli): void {
  const group = parent.command('bootstrap').description('the addresses that boards try first, besides their join files’')
  remoteAboutFleet(cli, group.command('show').description('show the list'), showList)
  const verb = (name: Verb, description: string): void => {
    const command = confirmOptions(group.command(name).description(description)).argument(
      '<address...>',
      'multiaddrs or host:port; names are looked up by the boards',
    )
    remoteAboutFleet<WriteOptions>(cli, command, (session, { args, options }) =>
      change(session, name, args[0] as unknown as string[], options),
    )
  }
  verb('add', 'boards try these too')
  verb('remove', 'boards try these no more, also where a join file names them; what led a board to another before, it still knows')
}

async function showList(session: Session): Promise<void> {
  const { rights } = await fetchFleet(session)
  const { listed, removed } = bootstrapFromRegisters(rights.doc.registers)
  if (session.format !== 'table') return printData(session.io, session.format, { listed, removed })
  const rows = [...listed.map((address) => ({ address, state: 'listed' })), ...removed.map((address) => ({ address, state: 'removed' }))]
  const none = 'the fleet has no list: boards try what their join files name\n'
  const columns = [
    { head: 'ADDRESS', text: (row: (typeof rows)[number]) => row.address },
    { head: 'STATE', text: (row: (typeof rows)[number]) => row.state },
  ]
  session.io.stdout.write(rows.length === 0 ? none : table(columns, rows, paintFor(session.io)))
}

async function change(session: Session, verb: Verb, given: readonly string[], options: WriteOptions): Promise<ExitCode> {
  const addresses = await canonical(given)
  const edit = await editFleet(session, ({ registers }) => {
    const { listed } = bootstrapFromRegisters(registers)
    if (verb === 'add') mustHaveRoom(new Set([...listed, ...addresses]).size)
    // Another spelling of what goes is not to keep it there.
    const alike = verb === 'add' ? [] : listed.filter((one) => addresses.some((address) => isSameAddress(one, address)))
    return new Map([...addresses, ...alike].map((address) => [fleetPaths.bootstrap(address), verb === 'add']))
  })
  const receipt = await submit(session, await settlingEnvelopes(session, edit, undefined), undefined, options)
  const { listed, removed } = bootstrapFromRegisters(edit.after.registers)
  if (session.format !== 'table') printData(session.io, session.format, { listed, removed, receipt })
  else {
    const words = verb === 'add' ? 'boards try' : 'boards try no more:'
    session.io.stdout.write(`${words} ${addresses.join(', ')}\n${receiptLine(receipt, options.confirm)}`)
  }
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

function mustHaveRoom(count: number): void {
  const { bootstrapMax } = modelLimits
  if (count <= bootstrapMax) return
  throw new CliError('E_USAGE', `the list would have ${count} addresses, and may have ${bootstrapMax}`, {
    hint: 'remove those that are no more, with: shoal fleet bootstrap remove ADDRESS',
  })
}

/** One spelling for one address, as boards read it. */
async function canonical(given: readonly string[]): Promise<readonly string[]> {
  mustBeReachable(given)
  const { toMultiaddr } = await import('../../node/adapters/libp2p/client.ts')
  return given.map((text) => {
    const address = toMultiaddr(text)
    if (address !== null && hasHostAndPort(address)) return address
    throw new CliError('E_PEER', `'${text}' is not an address that a board can dial`, {
      hint: 'write a multiaddr such as /ip4/192.0.2.1/tcp/7420 or /dns4/gate.example.org/tcp/7420, or host:port',
    })
  })
}

/** Boards speak TCP, directly or by way of a relay. */
function hasHostAndPort(address: string): boolean {
  return /^\/(ip4|ip6|dns|dns4|dns6|dnsaddr)\/[^/]+\/tcp\/[1-9]\d{0,4}(\/|$)/.test(address)
}
