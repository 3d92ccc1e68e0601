// The agent's configuration: read once at start, checked as a whole (every fault at once, each with its place), defaults filled in.
// Nothing else in the agent reads files or variables for settings.

import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

import { type Result, ok, refuse } from '../crdt/errors.ts'
import type { Resources } from '../crdt/view.ts'
import type { Declared, OwnerRules } from './adapters/devices/owner-rules.ts'
import { checkShape, cpuUnits, mibUnits, portRangeOf, sizeOf, wrong, type SchemaError } from './config-schema.ts'
import { readSources } from './config-sources.ts'
import { nearestKey } from './nearest-key.ts'

export interface AgentConfig {
  readonly join: string
  readonly dataDir: string
  readonly pool: string
  /** null: the host's. */
  readonly name: string | null
  readonly listen: readonly string[]
  readonly announce: readonly string[]
  readonly bootstrap: readonly string[]
  readonly network: {
    /** auto: places at relays when nobody can dial this board, and a relay for others. off: neither. */
    readonly relay: 'auto' | 'off'
    /** The HTTP proxy over which other nets are dialled. */
    readonly proxy: string | null
    /** The file with `name:password` for it. */
    readonly proxyLogin: string | null
  }
  readonly labels: Readonly<Record<string, string>>
  readonly reserved: Resources
  /** What differs from what the host has. */
  readonly capacity: Partial<Resources>
  readonly dynamicPorts: readonly [number, number]
  /** Copies at most, all jobs together; 0: as many as there is room for. */
  readonly maxAllocs: number
  readonly drivers: {
    readonly rawExec: { readonly enabled: boolean }
    readonly exec: {
      readonly enabled: boolean
      /** Of a task that names none. */
      readonly user: string
      /** Whom else jobs may name. */
      readonly users: readonly string[]
      readonly allowRoot: boolean
      /** Below each cgroup mount. */
      readonly cgroupParent: string
    }
    readonly docker: {
      readonly enabled: boolean
      readonly socket: string | undefined
      readonly registries: Readonly<Record<string, { readonly username: string; readonly password: string }>>
      readonly mirrors: Readonly<Record<string, readonly string[]>>
    }
  }
  /** Which of the board's devices jobs may have: none, unless it is said. */
  readonly devices: OwnerRules & { readonly sysfs: string; readonly dev: string }
  /** Files that jobs name. `sources`: beginnings of addresses that may be asked; null: any. */
  readonly artifacts: { readonly bytesMax: number; readonly sources: readonly string[] | null }
  /** Whether jobs may have programs run beside their tasks. */
  readonly checks: { readonly exec: boolean }
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error' }
  readonly http: { readonly socket: string; readonly loopbackPort: number | null }
  readonly dev: boolean
  /** A board that has left its fleet joins as a new one. */
  readonly rejoin: boolean
}

export const configDefaults = {
  pool: 'default',
  listen: ['/ip4/0.0.0.0/tcp/7420'],
  /** What the agent itself needs (DESIGN 13: at most 90 MB), with room for a busy hour, and space for its log and store. */
  reserved: { cpuMhz: 50, memoryMib: 128, diskMib: 256 },
  /** Nomad's range. */
  dynamicPorts: [20_000, 32_000],
  /** Some programs for each job of a board, and a small part of a card of 16 GB. */
  artifactsMib: 1024,
  logLevel: 'info',
  execUser: 'nobody',
  cgroupParent: 'shoal',
} as const

export type LoadedConfig = { readonly kind: 'run'; readonly config: AgentConfig } | { readonly kind: 'help' }

export function loadConfig(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Result<LoadedConfig, 'E_CONFIG'> {
  const sources = readSources(argv, env)
  if (sources.wantsHelp) return ok({ kind: 'help' })
  const problems = [...sources.problems, ...checkShape(sources.value).flatMap((error) => inWords(error, sources.placeOf))]
  if (problems.length > 0) return refuse('E_CONFIG', problems.join('\n'))
  return ok({ kind: 'run', config: complete(sources.value as Raw, env) })
}

/** A checked file's shape. */
interface Raw {
  readonly join?: string
  readonly data_dir?: string
  readonly pool?: string
  readonly name?: string
  readonly listen?: readonly string[]
  readonly announce?: readonly string[]
  readonly bootstrap?: readonly string[]
  readonly network?: { readonly relay?: 'auto' | 'off'; readonly proxy?: string; readonly proxy_login?: string }
  readonly labels?: Readonly<Record<string, unknown>>
  readonly reserved?: RawResources
  readonly capacity?: RawResources
  readonly dynamic_ports?: unknown
  readonly max_allocs?: number
  readonly drivers?: {
    readonly raw_exec?: { readonly enabled?: boolean }
    readonly exec?: {
      readonly enabled?: boolean
      readonly user?: string
      readonly users?: readonly string[]
      readonly allow_root?: boolean
      readonly cgroup_parent?: string
    }
    readonly docker?: { readonly enabled?: boolean; readonly socket?: string } & Partial<
      Pick<AgentConfig['drivers']['docker'], 'registries' | 'mirrors'>
    >
  }
  readonly devices?: Partial<Pick<OwnerRules, 'allow' | 'deny'>> & {
    readonly declare?: readonly (Pick<Declared, 'path' | 'type'> & Partial<Declared>)[]
    readonly sysfs?: string
    readonly dev?: string
  }
  readonly artifacts?: { readonly max_size?: string; readonly sources?: readonly string[] }
  readonly checks?: { readonly exec?: boolean }
  readonly log?: { readonly level?: AgentConfig['log']['level'] }
  readonly http?: { readonly socket?: string; readonly loopback_port?: number }
  readonly dev?: boolean
  readonly rejoin?: boolean
}

interface RawResources {
  readonly cpu?: string
  readonly memory?: string
  readonly disk?: string
}

function complete(raw: Raw, env: Readonly<Record<string, string | undefined>>): AgentConfig {
  const dataDir = resolve(raw.data_dir ?? dataDirDefault(env))
  const dev = raw.dev ?? false
  const docker = raw.drivers?.docker ?? {}
  const exec = raw.drivers?.exec ?? {}
  // As in Nomad, plain processes (with the agent's own rights) must be allowed first.
  const rawExec = raw.drivers?.raw_exec?.enabled ?? dev
  return {
    join: resolve(raw.join ?? join(dataDir, 'join.json')),
    dataDir,
    pool: raw.pool ?? configDefaults.pool,
    name: raw.name ?? null,
    listen: raw.listen ?? configDefaults.listen,
    announce: raw.announce ?? [],
    bootstrap: raw.bootstrap ?? [],
    network: networkOf(raw.network),
    labels: Object.fromEntries(Object.entries(raw.labels ?? {}).map(([name, value]) => [name, String(value)])),
    reserved: { ...configDefaults.reserved, ...resourcesOf(raw.reserved) },
    capacity: resourcesOf(raw.capacity),
    dynamicPorts: portRangeOf(raw.dynamic_ports) ?? configDefaults.dynamicPorts,
    maxAllocs: raw.max_allocs ?? 0,
    drivers: {
      rawExec: { enabled: rawExec },
      exec: {
        enabled: exec.enabled ?? false,
        user: exec.user ?? configDefaults.execUser,
        users: exec.users ?? [],
        allowRoot: exec.allow_root ?? false,
        cgroupParent: exec.cgroup_parent ?? configDefaults.cgroupParent,
      },
      docker: {
        enabled: docker.enabled ?? true,
        socket: docker.socket,
        registries: docker.registries ?? {},
        mirrors: docker.mirrors ?? {},
      },
    },
    devices: devicesOf(raw.devices),
    artifacts: {
      bytesMax: (sizeOf(raw.artifacts?.max_size, mibUnits) ?? configDefaults.artifactsMib) * 1024 * 1024,
      // With a slash behind the host's name, so that no longer name begins with it.
      sources: raw.artifacts?.sources?.map((one) => new URL(one).href) ?? null,
    },
    // Who lets jobs run any program may let them run one as a check.
    checks: { exec: raw.checks?.exec ?? rawExec },
    log: { level: raw.log?.level ?? configDefaults.logLevel },
    http: { socket: resolve(raw.http?.socket ?? join(dataDir, 'api.sock')), loopbackPort: raw.http?.loopback_port ?? null },
    dev,
    rejoin: raw.rejoin ?? false,
  }
}

function devicesOf({ allow = [], deny = [], declare = [], sysfs = '/sys', dev = '/dev' }: Raw['devices'] = {}): AgentConfig['devices'] {
  const named = { vendor: 'local', model: 'declared', attributes: {} }
  return { allow, deny, declare: declare.map((one) => ({ ...named, ...one })), sysfs: resolve(sysfs), dev: resolve(dev) }
}

function networkOf({ relay = 'auto', proxy, proxy_login: login }: Raw['network'] = {}): AgentConfig['network'] {
  return { relay, proxy: proxy === undefined ? null : new URL(proxy).href, proxyLogin: login === undefined ? null : resolve(login) }
}

function resourcesOf(raw: RawResources = {}): Partial<Resources> {
  return {
    ...(raw.cpu !== undefined && { cpuMhz: sizeOf(raw.cpu, cpuUnits) ?? 0 }),
    ...(raw.memory !== undefined && { memoryMib: sizeOf(raw.memory, mibUnits) ?? 0 }),
    ...(raw.disk !== undefined && { diskMib: sizeOf(raw.disk, mibUnits) ?? 0 }),
  }
}

function dataDirDefault(env: Readonly<Record<string, string | undefined>>): string {
  if (process.getuid?.() === 0) return '/var/lib/shoal'
  return join(env['XDG_DATA_HOME'] || join(env['HOME'] ?? homedir(), '.local', 'share'), 'shoal')
}

/** Below these are passwords, so what stands above them may hold some too. */
const secretPaths = ['drivers.docker.registries', 'network.proxy']

function inWords(error: SchemaError, placeOf: (path: string) => string): string[] {
  const path = error.field ?? ''
  if (error.type === 'objectStrict') {
    const known = String(error.expected).split(', ')
    return String(error.actual)
      .split(', ')
      .map((key) => unknownKey(path === '' ? key : `${path}.${key}`, key, known, placeOf))
  }
  const allowed = error.type === wrong ? String(error.expected) : (error.message ?? error.type)
  // A password must not get into the journal because a line above it was mistyped, however far above.
  const found = secretPaths.some((secret) => path.startsWith(secret) || secret.startsWith(path)) ? 'what is there' : shown(error.actual)
  return [`${at(path, placeOf)}: ${found} is not ${allowed}`]
}

function unknownKey(path: string, key: string, known: readonly string[], placeOf: (path: string) => string): string {
  const near = nearestKey(key, known)
  return `${at(path, placeOf)}: unknown key${near === null ? ` (known: ${known.join(', ')})` : `; did you mean '${near}'?`}`
}

function at(path: string, placeOf: (path: string) => string): string {
  const place = placeOf(path)
  return place === '' ? path : `${place}: ${path}`
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}
