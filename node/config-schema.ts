// The agent's configuration as it is written: snake_case keys, units in words. Every rule carries in words what it allows, so that a
// fault can say so. Values are only judged here; `config.ts` turns them into the typed configuration.

import FastestValidator from 'fastest-validator'

import { deviceLimits, isDevicePath, isDeviceWord } from '../crdt/devices.ts'
import { isName, nameRule } from '../crdt/ids.ts'
import { declaredKey } from './adapters/devices/owner-rules.ts'
import { toMultiaddr } from './adapters/libp2p/addresses.ts'

// The package is CommonJS whose module is the class, while its types declare a default export.
const Validator = FastestValidator as unknown as typeof FastestValidator.default

export const wrong = 'wrong'

type Rule = Record<string, unknown>

function leaf(allowed: string, isFine: (value: unknown) => boolean): Rule {
  const check = (value: unknown, errors: { type: string; expected: string; actual: unknown }[]): unknown => {
    if (!isFine(value)) errors.push({ type: wrong, expected: allowed, actual: value })
    return value
  }
  return { type: 'custom', optional: true, check }
}

function group(props: Record<string, Rule>): Rule {
  return { type: 'object', optional: true, strict: true, props, messages: { object: 'a map of keys' } }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== ''
const isTextList = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isAddressList = (value: unknown): boolean => Array.isArray(value) && value.every((one) => isText(one) && toMultiaddr(one) !== null)
const isSource = (value: unknown): boolean => isText(value) && /^https?:\/\/[^@]+$/.test(value) && URL.canParse(value)
/** Nothing but its place: what stands in an address is shown. */
function isProxy(value: unknown): boolean {
  if (!isText(value) || !URL.canParse(value)) return false
  const { protocol, username, password, pathname, search, hash } = new URL(value)
  return protocol === 'http:' && username + password + search + hash === '' && pathname === '/'
}
const isSourceList = (value: unknown): boolean => Array.isArray(value) && value.every(isSource)
const isPlainMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const text = leaf('a text', isText)
const flag = leaf('true or false', (value) => typeof value === 'boolean')
const addresses = leaf('a list of addresses (/ip4/192.0.2.7/tcp/7420 or host:7420)', isAddressList)
const resources = group({
  cpu: leaf("an amount with its unit, such as '200 MHz' or '1.5 GHz'", (value) => sizeOf(value, cpuUnits) !== null),
  memory: leaf("an amount with its unit, such as '64 MiB' or '1 GiB'", (value) => sizeOf(value, mibUnits) !== null),
  disk: leaf("an amount with its unit, such as '500 MiB' or '2 GiB'", (value) => sizeOf(value, mibUnits) !== null),
})

const users = leaf('a list of users of the board (name, uid, name:group)', isTextList)
const cgroupParent = leaf('folders below the cgroup mount, such as shoal or edge/shoal', (value) => isText(value) && isCgroupPath(value))

const registries = leaf('a map of registry hosts to {username, password}', (value) => {
  const isCredentials = (entry: unknown): boolean =>
    isPlainMap(entry) && isText(entry['username']) && isText(entry['password']) && Object.keys(entry).length === 2
  return isPlainMap(value) && Object.values(value).every(isCredentials)
})
const mirrors = leaf(
  'a map of registry hosts to lists of mirror hosts',
  (value) => isPlainMap(value) && Object.values(value).every(isTextList),
)
const labels = leaf('a map of names to texts, numbers or booleans', (value) => isPlainMap(value) && Object.values(value).every(isLabel))

/** Every part names one folder, and none that the kernel or a task has there. */
function isCgroupPath(value: string): boolean {
  return value.split('/').every((part) => /^[A-Za-z0-9][A-Za-z0-9_.@:-]*$/.test(part) && !/^(cgroup|cpu|memory|pids|io)\./.test(part))
}

const devicePatterns = leaf('a list of devices as type, vendor/type or vendor/type/model, such as serial or 0403/*/*', (value) => {
  const isPattern = (one: unknown): boolean => {
    const parts = typeof one === 'string' ? one.split('/') : []
    return parts.length > 0 && parts.length <= 3 && parts.every((part) => part === '*' || isDeviceWord(part))
  }
  return Array.isArray(value) && value.every(isPattern)
})
const declaredDevices = leaf(
  'a list of different devices: {path: a file below /dev without commas, type, vendor, model, attributes}',
  (value) => Array.isArray(value) && value.every(isDeclared) && new Set(value.map(declaredKey)).size === value.length,
)

function isDeclared(value: unknown): value is { path: string } {
  if (!isPlainMap(value) || !isDevicePath(value['path']) || !value['path'].startsWith('/dev/')) return false
  const { path: _, type, attributes = {}, ...names } = value
  const isWord = (one: unknown): boolean => typeof one === 'string' && isDeviceWord(one)
  const known = Object.entries(names).every(([key, one]) => ['vendor', 'model'].includes(key) && isWord(one))
  if (!isWord(type) || !known || !isPlainMap(attributes)) return false
  const entries = Object.entries(attributes)
  const isAttribute = ([key, one]: [string, unknown]): boolean =>
    isDeviceWord(key) && typeof one === 'string' && one.length <= deviceLimits.attributeCharsMax && /^[ -~]+$/.test(one)
  return entries.length <= deviceLimits.attributesMax && entries.every(isAttribute)
}

function isLabel(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

export const cpuUnits: Readonly<Record<string, number>> = { MHz: 1, GHz: 1_000 }
export const mibUnits: Readonly<Record<string, number>> = { MiB: 1, GiB: 1_024, TiB: 1_048_576 }

/** `'1.5 GHz'` as a whole number of the smallest unit; null when it is none. */
export function sizeOf(value: unknown, units: Readonly<Record<string, number>>): number | null {
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(value.trim()) : null
  const unit = match?.[2] !== undefined && Object.hasOwn(units, match[2]) ? units[match[2]] : undefined
  if (match === null || unit === undefined) return null
  const amount = Math.round(Number(match[1]) * unit)
  return Number.isSafeInteger(amount) ? amount : null
}

/** `'20000-32000'` or `[20000, 32000]`. */
export function portRangeOf(value: unknown): readonly [number, number] | null {
  const parts = typeof value === 'string' ? value.split('-').map((part) => Number(part.trim() || Number.NaN)) : value
  if (!Array.isArray(parts) || parts.length !== 2) return null
  const [first, last] = parts as [unknown, unknown]
  const isPort = (port: unknown): port is number => Number.isInteger(port) && (port as number) >= 1_024 && (port as number) <= 65_535
  return isPort(first) && isPort(last) && first <= last ? [first, last] : null
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const

const schema = {
  $$root: true,
  type: 'object',
  strict: true,
  messages: { object: 'a map of keys' },
  props: {
    join: text,
    data_dir: text,
    pool: leaf(`a pool's name (${nameRule})`, (value) => isText(value) && isName(value)),
    name: leaf(`the node's name (${nameRule})`, (value) => isText(value) && isName(value)),
    listen: addresses,
    announce: addresses,
    bootstrap: addresses,
    network: group({
      relay: leaf('auto or off', (value) => value === 'auto' || value === 'off'),
      proxy: leaf('an HTTP proxy as http://host:port, without a login (network.proxy_login names the file that has it)', isProxy),
      proxy_login: text,
    }),
    labels,
    reserved: resources,
    capacity: resources,
    dynamic_ports: leaf("a range of ports between 1024 and 65535, such as '20000-32000'", (value) => portRangeOf(value) !== null),
    max_allocs: leaf('a whole number from 1 on', (value) => Number.isSafeInteger(value) && (value as number) >= 1),
    drivers: group({
      raw_exec: group({ enabled: flag }),
      exec: group({ enabled: flag, user: text, users, allow_root: flag, cgroup_parent: cgroupParent }),
      docker: group({ enabled: flag, socket: text, registries, mirrors }),
    }),
    devices: group({ allow: devicePatterns, deny: devicePatterns, declare: declaredDevices, sysfs: text, dev: text }),
    artifacts: group({
      max_size: leaf("an amount with its unit, such as '500 MiB' or '2 GiB'", (value) => sizeOf(value, mibUnits) !== null),
      sources: leaf('a list of beginnings of addresses, such as https://files.example/', isSourceList),
    }),
    checks: group({ exec: flag }),
    log: group({ level: leaf(`one of ${logLevels.join(', ')}`, (value) => logLevels.some((level) => level === value)) }),
    http: group({
      socket: text,
      loopback_port: leaf(
        'a port between 0 (any) and 65535',
        (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535,
      ),
    }),
    dev: flag,
    rejoin: flag,
  },
}

/** Dotted names of everything that a file may say. */
export const configKeys: readonly string[] = keysOf(schema.props)

function keysOf(props: Record<string, Rule>, prefix = ''): string[] {
  return Object.entries(props).flatMap(([name, rule]) =>
    rule['type'] === 'object' ? keysOf(rule['props'] as Record<string, Rule>, `${prefix}${name}.`) : [prefix + name],
  )
}

const check = new Validator({ useNewCustomCheckerFunction: true }).compile(schema)

export interface SchemaError {
  readonly type: string
  readonly field?: string
  readonly expected?: unknown
  readonly actual?: unknown
  readonly message?: string
}

/** The value is not changed. */
export function checkShape(value: unknown): readonly SchemaError[] {
  const answer = check(structuredClone(value))
  return answer === true || answer instanceof Promise ? [] : answer
}
