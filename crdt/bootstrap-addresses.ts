// Which addresses boards try first: those of their join file and those that admins have listed, without what admins have removed. They are
// compared by what they mean: of one place there are several spellings, and with and without its peer it is the same place.

/** What admins say of addresses that boards try first. */
export interface BootstrapList {
  readonly listed: readonly string[]
  /** Taken from the list, and from the lists in join files. */
  readonly removed: readonly string[]
}

/** Each spelling once. What is listed is tried, whatever other spelling of it was removed before or on another side of a cut. */
export function addressesToTry(own: readonly string[], { listed, removed }: BootstrapList): readonly string[] {
  const isRemoved = (address: string): boolean => hasSame(removed, address) && !hasSame(listed, address)
  return [...new Set([...own.filter((address) => !isRemoved(address)), ...listed])]
}

function hasSame(addresses: readonly string[], address: string): boolean {
  return addresses.some((one) => isSameAddress(one, address))
}

/** The same place, and not two different peers there. */
export function isSameAddress(one: string, other: string): boolean {
  const [a, b] = [partsOf(one), partsOf(other)]
  return a.place === b.place && (a.peer === null || b.peer === null || a.peer === b.peer)
}

interface Parts {
  readonly place: string
  readonly peer: string | null
}

/** Total: what cannot be read means itself. */
function partsOf(text: string): Parts {
  const address = fromHostAndPort(text) ?? text
  const [, rest = address, peer = null] = /^(.*)\/p2p\/([^/]+)$/.exec(address) ?? []
  const [, kind = '', host = '', more = ''] = /^\/([a-z0-9]+)\/([^/]+)(.*)$/.exec(rest) ?? []
  if (kind === 'ip6') return { place: `/ip6/${canonicalIp6(host)}${more}`, peer }
  return { place: kind.startsWith('dns') ? `/${kind}/${host.toLowerCase()}${more}` : rest, peer }
}

/** As join files may have it; null: it is none. */
function fromHostAndPort(text: string): string | null {
  const [, inBrackets, host = inBrackets, port] = /^(?:\[([^\]]+)\]|([^:/\s]+)):(\d{1,5})$/.exec(text.trim()) ?? []
  if (host === undefined) return null
  const kind = inBrackets === undefined ? (/^\d+(\.\d+){3}$/.test(host) ? 'ip4' : 'dns4') : 'ip6'
  return `/${kind}/${host}/tcp/${Number(port)}`
}

const ip6Groups = 8

/** Eight groups without leading zeros; what is no such address, as it is. */
function canonicalIp6(host: string): string {
  const [head = '', tail, ...others] = host.toLowerCase().split('::')
  const [left, right] = [groupsOf(head), groupsOf(tail ?? '')]
  const missing = ip6Groups - left.length - right.length
  const groups = [...left, ...Array<string>(tail === undefined ? 0 : Math.max(0, missing)).fill('0'), ...right]
  if (others.length > 0 || groups.length !== ip6Groups || !groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return host
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')
}

/** The last ones may be written as an IPv4 address. */
function groupsOf(text: string): readonly string[] {
  if (text === '') return []
  const dotted = /^(.*?):?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)
  if (dotted === null) return text.split(':')
  const [a = 0, b = 0, c = 0, d = 0] = dotted.slice(2).map(Number)
  return [...groupsOf(dotted[1] ?? ''), (a * 256 + b).toString(16), (c * 256 + d).toString(16)]
}
