// Where a configuration comes from: YAML (or JSON) files, `SHOAL_*` variables, and flags, each stronger than the one before. All
// three end up in the same shape as the file, and of every value it is known who said it, so that a fault can name its place.

import { parseArgs } from 'node:util'

import { readConfigFiles } from './config-files.ts'
import { nearestKey } from './nearest-key.ts'

export interface Sources {
  readonly value: Record<string, unknown>
  /** Dotted path → who said it, in words. */
  readonly placeOf: (path: string) => string
  readonly problems: readonly string[]
  readonly wantsHelp: boolean
}

interface Setting {
  readonly path: string
  readonly flag: string
  readonly kind: 'text' | 'list' | 'map' | 'number' | 'switch'
  readonly help: string
}

export const settings: readonly Setting[] = [
  { path: 'join', flag: 'join', kind: 'text', help: 'the fleet’s join file (made by shoal fleet init); needed once' },
  { path: 'data_dir', flag: 'data-dir', kind: 'text', help: 'where the node keeps its key, documents and tasks' },
  { path: 'pool', flag: 'pool', kind: 'text', help: 'the pool that this node belongs to (default)' },
  { path: 'name', flag: 'name', kind: 'text', help: 'the node’s name (the host name)' },
  { path: 'listen', flag: 'listen', kind: 'list', help: 'an address to listen on; repeatable (/ip4/0.0.0.0/tcp/7420)' },
  { path: 'announce', flag: 'announce', kind: 'list', help: 'an address to tell others instead; repeatable' },
  { path: 'bootstrap', flag: 'bootstrap', kind: 'list', help: 'a peer to try first; repeatable' },
  { path: 'network.relay', flag: 'relay', kind: 'text', help: 'auto or off: reach others through relays, and be one (auto)' },
  { path: 'labels', flag: 'label', kind: 'map', help: 'NAME=VALUE for constraints; repeatable' },
  { path: 'dynamic_ports', flag: 'dynamic-ports', kind: 'text', help: 'range of dynamic ports (20000-32000)' },
  { path: 'max_allocs', flag: 'max-allocs', kind: 'number', help: 'copies at most, all jobs together' },
  { path: 'drivers.raw_exec.enabled', flag: 'raw-exec', kind: 'switch', help: 'allow plain processes' },
  { path: 'drivers.exec.enabled', flag: 'exec', kind: 'switch', help: 'allow processes with limits, as a user that is not root' },
  { path: 'checks.exec', flag: 'exec-checks', kind: 'switch', help: 'allow programs as checks of tasks (with --raw-exec: allowed)' },
  { path: 'log.level', flag: 'log-level', kind: 'text', help: 'debug, info, warn or error (info)' },
  { path: 'http.socket', flag: 'http-socket', kind: 'text', help: 'the unix socket of the local API (DATA_DIR/api.sock)' },
  { path: 'http.loopback_port', flag: 'loopback-port', kind: 'number', help: 'also serve the local API on this port of 127.0.0.1' },
  { path: 'rejoin', flag: 'rejoin', kind: 'switch', help: 'a board that has left its fleet joins again, as a new one' },
  { path: 'dev', flag: 'dev', kind: 'switch', help: 'allow plain processes and fault injection' },
]

export function readSources(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Sources {
  const problems: string[] = []
  const places = new Map<string, string>()
  const flags = readFlags(argv, problems)
  const file = typeof flags['config'] === 'string' ? flags['config'] : env['SHOAL_CONFIG']
  const fromFile = file === undefined ? { value: {}, placeOf: () => '' } : readConfigFiles(file, problems)
  const value = fromFile.value
  for (const setting of settings) {
    const variable = `SHOAL_${setting.flag.replaceAll('-', '_').toUpperCase()}`
    const text = env[variable]
    if (text !== undefined && text !== '')
      put(value, setting, setting.kind === 'list' || setting.kind === 'map' ? text.split(',') : text, variable, places)
    if (flags[setting.flag] !== undefined) put(value, setting, flags[setting.flag], `--${setting.flag}`, places)
  }
  const placeOf = (path: string): string => places.get(path) ?? fromFile.placeOf(path)
  return { value, placeOf, problems, wantsHelp: flags['help'] === true }
}

export function usage(): string {
  const rows = [
    ['--config PATH', 'YAML file with the same settings and more, or a folder of them (SHOAL_CONFIG)'],
    ...settings.map((one) => [argumentOf(one), one.help]),
  ]
  const width = Math.max(...rows.map(([left]) => left!.length)) + 2
  const lines = rows.map(([left, right]) => `  ${left!.padEnd(width)}${right}`)
  return `Usage: shoal agent [options]\n\nRuns a node on this board. Every option can also be set as SHOAL_<NAME>.\n\nOptions:\n${lines.join('\n')}\n`
}

function argumentOf(setting: Setting): string {
  return setting.kind === 'switch'
    ? `--${setting.flag}`
    : `--${setting.flag} ${setting.kind === 'map' ? 'NAME=VALUE' : setting.kind === 'number' ? 'NUMBER' : 'VALUE'}`
}

function readFlags(argv: readonly string[], problems: string[]): Record<string, unknown> {
  const options = Object.fromEntries(
    settings.map(({ flag, kind }) => [
      flag,
      { type: kind === 'switch' ? ('boolean' as const) : ('string' as const), multiple: kind === 'list' || kind === 'map' },
    ]),
  )
  const known = [...Object.keys(options), 'config', 'help']
  const { values, tokens } = parseArgs({
    args: [...argv],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: { ...options, config: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  })
  let isAfterUnknown = false
  for (const token of tokens) {
    // The word behind a mistyped option was meant as its value.
    if (token.kind === 'positional' && !isAfterUnknown) problems.push(`'${token.value}' is not an option`)
    isAfterUnknown = token.kind === 'option' && !known.includes(token.name)
    if (token.kind !== 'option') continue
    const near = isAfterUnknown ? nearestKey(token.name, known) : null
    if (isAfterUnknown) problems.push(`${token.rawName} is not an option${near === null ? '' : `; did you mean --${near}?`}`)
    else if (token.value === undefined && !isSwitch(token.name)) {
      problems.push(`${token.rawName} needs a value`)
      delete values[token.name]
    }
  }
  return values
}

function isSwitch(flag: string): boolean {
  return flag === 'help' || settings.some((setting) => setting.flag === flag && setting.kind === 'switch')
}

function put(into: Record<string, unknown>, setting: Setting, raw: unknown, place: string, places: Map<string, string>): void {
  const parts = setting.path.split('.')
  let at = into
  for (const key of parts.slice(0, -1)) {
    const next = at[key]
    at = at[key] = typeof next === 'object' && next !== null ? { ...next } : {}
  }
  at[parts.at(-1)!] = typed(setting, raw, at[parts.at(-1)!])
  places.set(setting.path, place)
}

/** Texts of the environment and the command line as the file would hold them; what cannot be is left for the check to refuse. */
function typed(setting: Setting, raw: unknown, before: unknown): unknown {
  switch (setting.kind) {
    case 'number':
      return /^\d+$/.test(String(raw)) ? Number(raw) : raw
    case 'switch':
      return raw === 'true' || raw === '1' ? true : raw === 'false' || raw === '0' ? false : raw
    case 'map': {
      const pairs = (raw as string[]).map(
        (pair) => [pair.slice(0, Math.max(0, pair.indexOf('='))), pair.slice(pair.indexOf('=') + 1)] as const,
      )
      if (pairs.some(([name]) => name === '')) return raw
      return { ...(typeof before === 'object' ? before : {}), ...Object.fromEntries(pairs) }
    }
    case 'text':
    case 'list':
      return raw
  }
}
