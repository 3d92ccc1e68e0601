// How a peer may be written on the command line. Only the shape is looked at here; whether the address is any good, the
// connection tells.

import { CliError } from '../errors.ts'

export const unixPrefix = 'unix:'

export const peerAddressRule = 'a multiaddr such as /ip4/192.0.2.7/tcp/7420, host:port, or unix:/path of the agent’s socket on this board'

export function isPeerAddress(text: string): boolean {
  return /^\/[a-z0-9]+\/\S+$/.test(text) || /^unix:\/\S/.test(text) || /^(\[[0-9a-fA-F:]+\]|[^\s/:]+):\d{1,5}$/.test(text)
}

export function mustBePeers(addresses: readonly string[]): void {
  const strange = addresses.find((one) => !isPeerAddress(one))
  if (strange !== undefined) throw new CliError('E_PEER', `'${strange}' is not the address of a peer`, { hint: `write ${peerAddressRule}` })
}

export function isUnix(text: string): boolean {
  return text.startsWith(unixPrefix)
}

/** They go into the join file, which every board gets and nobody looks into again. */
export function mustBeReachable(peers: readonly string[]): void {
  const strange = peers.find((peer) => isUnix(peer) || !isPeerAddress(peer))
  if (strange === undefined) return
  throw new CliError('E_PEER', `'${strange}' is not an address at which other boards reach a board`, {
    hint: 'write a multiaddr such as /ip4/192.0.2.1/tcp/7420, or host:port',
  })
}
