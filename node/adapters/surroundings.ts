// What an agent looks at only when somebody examines the board: room on the disk, memory, names, and whether an address takes connections.
// Everything has a time limit. Names are asked with a resolver of its own, since the system's holds one of the few threads that the store
// needs for as long as a server is silent.

import dns from 'node:dns'
import { createReadStream } from 'node:fs'
import { readFile, statfs } from 'node:fs/promises'
import net from 'node:net'

import type { NameSeen, Reached, Surroundings } from '../core/ports.ts'

const mib = 1_024 * 1_024

/** What the part says, or `otherwise` if it fails or is not there in time; what it says later is lost. */
export async function within<T>(part: Promise<T>, ms: number, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<T>((resolve) => (timer = setTimeout(() => resolve(otherwise), ms)))
  try {
    return await Promise.race([part, late])
  } catch {
    return otherwise
  } finally {
    clearTimeout(timer)
  }
}

export async function readRoom(path: string): Promise<Surroundings['disk']> {
  const stats = await statfs(path).catch(() => null)
  if (stats === null) return null
  return { freeMib: Math.trunc((stats.bavail * stats.bsize) / mib), totalMib: Math.trunc((stats.blocks * stats.bsize) / mib) }
}

/** null: this system does not say what is available, and what is merely free says nothing. */
export async function readMemory(file = '/proc/meminfo'): Promise<Surroundings['memory']> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? Number.NaN)
  const [available, total] = [kib('MemAvailable'), kib('MemTotal')]
  if (Number.isNaN(available) || Number.isNaN(total)) return null
  return {
    availableMib: Math.trunc(available / 1_024),
    totalMib: Math.trunc(total / 1_024),
    agentMib: Math.trunc(process.memoryUsage.rss() / mib),
  }
}

export interface NameOptions {
  readonly withinMs: number
  /** For tests; absent: the system's. */
  readonly servers?: readonly string[]
  readonly hostsFile?: string
}

/** As libp2p would find it: in the hosts file, from a server, or (where these know nothing) by whatever else the system asks. */
export async function lookUpName(name: string, options: NameOptions): Promise<NameSeen> {
  const begun = performance.now()
  const seen = (outcome: NameSeen['outcome'], addresses: readonly string[]): NameSeen => ({
    name,
    outcome,
    addresses,
    tookMs: Math.trunc(performance.now() - begun),
  })
  const known = await inHosts(name, options.hostsFile ?? '/etc/hosts')
  if (known.length > 0) return seen('answers', known)
  const asked = await askServers(name, options)
  if (asked === 'hangs') return seen('hangs', [])
  if (asked.length > 0) return seen('answers', asked)
  const found = options.servers === undefined ? await askSystem(name, options.withinMs - (performance.now() - begun)) : []
  if (found === 'hangs') return seen('hangs', [])
  return seen(found.length > 0 ? 'answers' : 'nothing', found.slice(0, addressesMax))
}

const addressesMax = 8

let systemAsked: Promise<unknown> = Promise.resolve()

/** One name after the other: each holds a thread for as long as it takes, which may be a minute. */
async function askSystem(name: string, withinMs: number): Promise<'hangs' | string[]> {
  const until = performance.now() + withinMs
  const asked = systemAsked.then(async () => {
    if (performance.now() >= until) return []
    const found = await dns.promises.lookup(name, { all: true }).catch(() => [])
    return found.map(({ address }) => address)
  })
  systemAsked = asked
  return await within<'hangs' | string[]>(asked, withinMs, 'hangs')
}

async function inHosts(name: string, file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/))
  return lines
    .filter(([, ...names]) => names.includes(name))
    .flatMap(([address]) => address ?? [])
    .slice(0, addressesMax)
}

async function askServers(name: string, { withinMs, servers }: NameOptions): Promise<'hangs' | string[]> {
  const resolver = new dns.promises.Resolver({ timeout: Math.trunc(withinMs / 2), tries: 1 })
  if (servers !== undefined) resolver.setServers(servers)
  const timer = setTimeout(() => resolver.cancel(), withinMs)
  try {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
    const isSilent = answers.every((answer) => answer.status === 'rejected' && /ETIMEOUT|ECANCELLED/.test(String(answer.reason?.code)))
    return found.length === 0 && isSilent ? 'hangs' : found.slice(0, addressesMax)
  } finally {
    clearTimeout(timer)
  }
}

/** Opens a connection and ends it; null: the host is no number, or the try ended for a reason of this board's own and says nothing. */
export async function tryTcp(host: string, port: number, withinMs: number): Promise<Reached | null> {
  if (net.isIP(host) === 0) return null
  return await new Promise((resolve) => {
    const socket = connectTo(host, port)
    if (socket === null) return resolve(null)
    const end = (reached: Reached | null): void => {
      clearTimeout(timer)
      socket.destroy()
      resolve(reached)
    }
    const timer = setTimeout(() => end('silent'), withinMs)
    socket.once('connect', () => end('yes'))
    socket.once('error', ({ code }: NodeJS.ErrnoException) => end(reachedBy(code ?? '')))
  })
}

/** It throws at once what it takes for no port. */
function connectTo(host: string, port: number): net.Socket | null {
  try {
    return net.connect({ host, port })
  } catch {
    return null
  }
}

/** No route for the whole family of addresses (no IPv6), no file descriptor, a firewall of its own: of the other end that says nothing. */
const ownTrouble: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EMFILE', 'ENFILE', 'EPERM', 'EACCES'])

function reachedBy(code: string): Reached | null {
  if (code === 'ECONNREFUSED' || code === 'ECONNRESET') return 'refused'
  if (ownTrouble.has(code)) return null
  return code === 'ETIMEDOUT' ? 'silent' : 'unreachable'
}

/** Hosts that a flood of connections could name; nobody reads more. */
const halfOpenMax = 256

/** Some 7,000 connections. The kernel walks all of them for every reader, and a board with more has its few half-open ones anywhere. */
const tableBytesMax = 1_048_576

export interface HalfOpenOptions {
  /** Own ports: a half-open connection to another program says nothing of this fleet. */
  readonly ports: ReadonlySet<number>
  /** Of boards: nobody else's visitors are told of. */
  readonly hosts: ReadonlySet<string>
  /** For tests. */
  readonly files?: readonly string[]
}

/** Connections of which the system has seen the beginning and nothing more, by their other end: in the state that Linux calls SYN_RECV. */
export async function readHalfOpen({ ports, hosts, files = tables }: HalfOpenOptions): Promise<string[]> {
  const found = await Promise.all(files.map(async (file) => await halfOpenIn(file, ports).catch(() => [])))
  return [...new Set(found.flat())].filter((host) => hosts.has(host)).slice(0, halfOpenMax)
}

const tables = ['/proc/self/net/tcp', '/proc/self/net/tcp6'] as const

/** In pieces, so that the agent goes on in between. */
async function halfOpenIn(file: string, ports: ReadonlySet<number>): Promise<string[]> {
  const hosts: string[] = []
  let read = 0
  let rest = ''
  const take = (line: string): void => {
    const [, port = '', remote = ''] = /^\s*\d+: [0-9A-F]+:([0-9A-F]{1,4}) ([0-9A-F]+):[0-9A-F]{1,4} 03 /.exec(line) ?? []
    if (ports.has(Number.parseInt(port, 16))) hosts.push(...hostOfHex(remote))
  }
  for await (const chunk of createReadStream(file, { encoding: 'utf8', highWaterMark: 65_536 }) as AsyncIterable<string>) {
    read += chunk.length
    if (read > tableBytesMax) return []
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  }
  take(rest)
  return hosts
}

/** The kernel writes words of four bytes, each with its lowest byte first. */
function hostOfHex(text: string): string[] {
  const bytes = (text.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)).reverse())
  if (bytes.length === 4) return [bytes.join('.')]
  if (bytes.length !== 16) return []
  // An IPv4 host, as a socket for both sees it.
  if (bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff) return [bytes.slice(12).join('.')]
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[2 * index]! << 8) | bytes[2 * index + 1]!).toString(16))
  return [new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1)]
}
