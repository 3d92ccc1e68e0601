// The agent's configuration as files: one, or a folder of them, as a fleet's shared one and a board's own. In a folder those that end in
// `.yaml`, `.yml` or `.json` count, in order of their names; a later one is stronger. Maps are merged key by key, all else is replaced.

import { readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

import { LineCounter, type YAMLParseError, isCollection, parseDocument } from 'yaml'

interface Read {
  readonly value: Record<string, unknown>
  /** Dotted path → file and line that say it. */
  readonly placeOf: (path: string) => string
}

/** Relative paths in a file mean the file's folder; elsewhere the working directory. */
const pathKeys = ['join', 'data_dir', 'network.proxy_login', 'http.socket', 'drivers.docker.socket', 'devices.sysfs', 'devices.dev']

/** What cannot be read is told in `problems`. */
export function readConfigFiles(path: string, problems: string[]): Read {
  const files = filesAt(path, problems)
  const read = files.map((file) => readFile(file, problems))
  const value = read.reduce<Record<string, unknown>>((merged, one) => merge(merged, one.value), {})
  const sayer = (key: string): Read | undefined => read.findLast((one) => says(one.value, key)) ?? read.at(-1)
  return { value, placeOf: (key) => sayer(key)?.placeOf(key) ?? path }
}

function filesAt(path: string, problems: string[]): readonly string[] {
  try {
    if (!statSync(path).isDirectory()) return [path]
    const names = readdirSync(path).filter((name) => /^[^.].*\.(ya?ml|json)$/.test(name))
    // The join file may lie beside them.
    const found = names.filter((name) => !name.endsWith('join.json')).toSorted()
    if (found.length === 0) problems.push(`there is no configuration (*.yaml) in the folder ${path}`)
    return found.map((name) => join(path, name))
  } catch {
    return [path] // reading it says what is wrong
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function merge(weak: Record<string, unknown>, strong: Record<string, unknown>): Record<string, unknown> {
  const merged = new Map(Object.entries(weak))
  for (const [key, value] of Object.entries(strong)) {
    const before = merged.get(key)
    merged.set(key, isMap(before) && isMap(value) ? merge(before, value) : value)
  }
  return Object.fromEntries(merged)
}

function says(value: Record<string, unknown>, path: string): boolean {
  let at: unknown = value
  for (const key of path.split('.')) {
    if (!isMap(at) || !Object.hasOwn(at, key)) return false
    at = at[key]
  }
  return true
}

function readFile(file: string, problems: string[]): Read {
  const nothing = { value: {}, placeOf: () => file }
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    problems.push(`cannot read the configuration: ${(error as Error).message}`)
    return nothing
  }
  const lines = new LineCounter()
  // Pretty errors and warnings quote the file, and the journal is no place for a registry's password.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' })
  problems.push(
    ...document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0])
      return `${file}:${line}:${col}: ${withoutQuotes(error)}`
    }),
  )
  if (document.errors.length > 0) return nothing
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: 100 }) ?? {}
  } catch {
    problems.push(`${file}: an alias (*NAME) without its anchor (&NAME) before it, or more than 100 of them; quote text that begins with *`)
    return nothing
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(`${file}: expected a map of keys`)
    return nothing
  }
  for (const path of pathKeys) {
    const parts = path.split('.')
    const holder = parts.slice(0, -1).reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], value) as
      | Record<string, unknown>
      | undefined
    const key = parts.at(-1)!
    if (typeof holder?.[key] === 'string') holder[key] = resolve(dirname(file), holder[key])
  }
  const placeOf = (path: string): string => {
    const parts = path.split('.')
    const parent = parts.length === 1 ? document.contents : document.getIn(parts.slice(0, -1), true)
    const pair = isCollection(parent) ? parent.items.find((item) => String((item as { key?: unknown }).key) === parts.at(-1)) : undefined
    const range = (pair as { key?: { range?: readonly number[] } } | undefined)?.key?.range
    return range === undefined ? file : `${file}:${lines.linePos(range[0]!).line}`
  }
  return { value: value as Record<string, unknown>, placeOf }
}

/** What the parser says, but for the pieces of the file that some of its messages end with. */
function withoutQuotes({ code, message }: YAMLParseError): string {
  switch (code) {
    case 'BAD_DQ_ESCAPE':
      return 'Invalid escape sequence in a double-quoted text'
    case 'TAG_RESOLVE_FAILED':
      return 'Unresolved tag; quote text that begins with !'
    case 'UNEXPECTED_TOKEN':
      return message.split(': ', 1)[0]!
    default:
      return message
  }
}
