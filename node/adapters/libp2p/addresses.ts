// Addresses as people and documents write them, as multiaddrs; and which of a board's own addresses are worth telling others.

import { BlockList, isIPv4, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { multiaddr } from '@multiformats/multiaddr'

/** For messages that refuse an address. */
export const addressForms = 'a multiaddr such as /ip4/10.0.0.5/tcp/4001, or host:port'

/** A multiaddr, or `host:port` (an IPv6 host in brackets); null when it is neither. */
export function toMultiaddr(text: string): string | null {
  if (text.startsWith('/')) {
    try {
      return multiaddr(text).toString()
    } catch {
      return null
    }
  }
  const match = /^(?:\[([^\]]+)\]|([^:/\s]+)):(\d{1,5})$/.exec(text.trim())
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  if (host === undefined || port < 1 || port > 65_535) return null
  if (match?.[1] !== undefined && !isIPv6(host)) return null
  const kind = isIPv4(host) ? 'ip4' : isIPv6(host) ? 'ip6' : 'dns4'
  if (kind === 'dns4' && !/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host)) return null
  const address = `/${kind}/${host}/tcp/${port}`
  // Of an IPv6 host there are many spellings, and one is compared with another (the bootstrap list's).
  return kind === 'ip6' ? toMultiaddr(address) : address
}

/** Which addresses cannot be listened on and why, out of libp2p's many lines with their stack traces. */
export function listenFaults(text: string): string {
  const [first = '', ...lines] = text.split('\n')
  const faults = lines.flatMap((line) => {
    const [, address, why] = /^\s+(\/\S+): (?:\w*Error: )?(.+)$/.exec(line) ?? []
    return address === undefined ? [] : `${address}: ${why}`
  })
  return faults.length === 0 ? first : faults.join('; ')
}

/** The PeerId that the address ends in, behind any relay's. */
export function peerInAddress(address: string): string | undefined {
  return /\/p2p\/([^/]+)$/.exec(address)?.[1]
}

export function withPeer(address: string, peer: string): string {
  return peerInAddress(address) === peer ? address : `${address}/p2p/${peer}`
}

// Networks of container engines: every board has the same ones, and nobody reaches them from outside.
const localOnlyInterface = /^(docker|br-|veth|cni|podman|virbr|flannel|cali)/

/**
 * The addresses that other boards can dial. Loopback and the container engines' networks are left out, unless nothing else
 * remains (a fleet on one machine).
 */
export function dialableAddresses(addresses: readonly string[]): string[] {
  const hidden = new Set<string>()
  for (const [name, nets] of Object.entries(networkInterfaces())) {
    for (const net of nets ?? []) if (net.internal || localOnlyInterface.test(name)) hidden.add(net.address)
  }
  const hostOf = (address: string): string => address.split('/')[2] ?? ''
  const outside = addresses.filter((address) => !hidden.has(hostOf(address)) && !/^\/ip4\/127\.|^\/ip6\/(::1|fe80:)/.test(address))
  return [...(outside.length > 0 ? outside : addresses)].sort()
}

/** Whether an address is in a net that this board has an interface in, as they are now: no NAT stands between the two. */
export function ownNets(): (address: string) => boolean {
  const nets = new BlockList()
  for (const net of Object.values(networkInterfaces()).flatMap((list) => list ?? [])) {
    const bits = Number(net.cidr?.split('/')[1])
    if (Number.isInteger(bits)) nets.addSubnet(net.address, bits, net.family === 'IPv6' ? 'ipv6' : 'ipv4')
  }
  return (address) => {
    const [, kind, host = ''] = address.split('/')
    if (kind === 'ip4') return isIPv4(host) && nets.check(host, 'ipv4')
    return kind === 'ip6' && isIPv6(host) && nets.check(host, 'ipv6')
  }
}
