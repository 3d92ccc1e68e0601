// Reads YAML (and JSON, which is YAML) into plain data plus the place of every value, so that each fault can be shown where it
// stands. It walks the syntax tree itself instead of calling toJS: that bounds aliases and depth, sees duplicate keys, and
// keeps how a number was written. It knows nothing of jobs.

import { type LineCounter, type Node, type Pair, isAlias, isMap, isScalar, isSeq } from 'yaml'
import { type FileFault, byPosition } from './fault.ts'
import { jobFileLimits } from './limits.ts'
import { parseYaml } from './parse-yaml.ts'

export interface Place {
  readonly line: number
  readonly column: number
  /** The scalar as it was written, without quotes: `1.10` stays `1.10`. */
  readonly text?: string
}

export interface Source {
  readonly file: string
  readonly value: unknown
  /** Path (parts joined with `/`) → where its key stands, or the value for list items and the whole file. */
  readonly keys: ReadonlyMap<string, Place>
  readonly values: ReadonlyMap<string, Place>
  readonly faults: readonly FileFault[]
}

export type PathParts = readonly (string | number)[]

export function pathOf(parts: PathParts): string {
  return parts.join('/')
}

/** `groups.web.tasks.app.config.args[0]` */
export function dotted(parts: PathParts): string {
  return parts.map((part, i) => (typeof part === 'number' ? `[${part}]` : i === 0 ? part : `.${part}`)).join('')
}

/** `what` a file of this kind holds. */
export function readSource(file: string, text: string, what = 'job'): Source {
  const bytes = Buffer.byteLength(text)
  if (bytes > jobFileLimits.fileBytesMax) {
    return failed(file, { line: 1, column: 1 }, `a file of ${bytes} bytes`, `at most ${jobFileLimits.fileBytesMax} bytes`)
  }
  const parsed = parseYaml(text)
  if (!parsed.ok) {
    const { line, col: column } = parsed.lines.linePos(parsed.deepAt)
    return failed(file, { line, column }, 'nesting without end', `at most ${jobFileLimits.depthMax} levels`)
  }
  const [first, second] = parsed.documents
  if (first?.contents == null) return failed(file, { line: 1, column: 1 }, 'an empty file', `one ${what}`)
  const walk = new Walk(file, parsed.lines)
  for (const error of [...first.errors, ...first.warnings])
    walk.fault(error.pos[0], [], `a syntax fault (${firstLine(error.message)})`, 'valid YAML or JSON')
  if (second !== undefined) walk.fault(second.range[0], [], 'a second document', `one ${what} a file`)
  const value = first.errors.length > 0 ? null : walk.value(first.contents, [])
  return { file, value, keys: walk.keys, values: walk.values, faults: walk.faults.toSorted(byPosition) }
}

function failed(file: string, place: Place, found: string, allowed: string): Source {
  const fault = { file, line: place.line, column: place.column, path: '', found, allowed }
  return { file, value: null, keys: new Map(), values: new Map(), faults: [fault] }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? ''
}

/** One reading: collects places, anchors and faults, and counts what it has visited. */
class Walk {
  readonly keys = new Map<string, Place>()
  readonly values = new Map<string, Place>()
  readonly faults: FileFault[] = []
  readonly #file: string
  readonly #lines: LineCounter
  readonly #anchors = new Map<string, Node>()
  #nodes = 0

  constructor(file: string, lines: LineCounter) {
    this.#file = file
    this.#lines = lines
  }

  fault(offset: number, parts: PathParts, found: string, allowed: string): void {
    this.faults.push({ file: this.#file, ...this.#place(offset), path: dotted(parts), found, allowed })
  }

  value(node: Node | null, parts: PathParts, inAlias = false): unknown {
    const offset = node?.range?.[0] ?? 0
    if (!this.#bounded(offset, parts)) return null
    if (isAlias(node)) {
      const target = this.#anchors.get(node.source)
      if (target !== undefined) return this.value(target, parts, true)
      this.fault(offset, parts, `the alias *${node.source}`, `an anchor &${node.source} further up`)
      return null
    }
    this.values.set(pathOf(parts), this.#place(offset))
    if (node !== null && !inAlias && 'anchor' in node && node.anchor !== undefined) this.#anchors.set(node.anchor, node)
    if (isMap(node)) return this.#map(node.items as Pair<Node, Node | null>[], parts, inAlias)
    if (isSeq(node)) return node.items.map((item, i) => this.value(item as Node, [...parts, i], inAlias))
    if (!isScalar(node)) return null
    if (node.source !== undefined) this.values.set(pathOf(parts), { ...this.#place(offset), text: node.source })
    return node.value
  }

  #map(items: readonly Pair<Node, Node | null>[], parts: PathParts, inAlias: boolean): Record<string, unknown> {
    const record: Record<string, unknown> = {}
    const merged: Node[] = []
    for (const { key, value } of items) {
      const offset = key.range?.[0] ?? 0
      const name = isScalar(key) && key.value !== null ? (key.source ?? JSON.stringify(key.value)) : null
      if (name === null) this.fault(offset, parts, 'a key that is not a word', 'words as keys')
      else if (name === '__proto__') this.fault(offset, parts, `the key '${name}'`, 'another name')
      else if (name === '<<' && value !== null) merged.push(value)
      else if (Object.hasOwn(record, name)) this.fault(offset, [...parts, name], `the key '${name}' a second time`, 'each key once')
      else {
        this.keys.set(pathOf([...parts, name]), this.#place(offset))
        record[name] = this.value(value, [...parts, name], inAlias)
      }
    }
    for (const node of merged) this.#merge(record, node, parts)
    return record
  }

  /** `<<: *base`: keys that the map itself lacks. */
  #merge(record: Record<string, unknown>, node: Node, parts: PathParts): void {
    const target = isAlias(node) ? this.#anchors.get(node.source) : node
    const offset = node.range?.[0] ?? 0
    if (!this.#bounded(offset, parts)) return
    if (isSeq(target)) {
      for (const item of target.items) this.#merge(record, item as Node, [...parts, '<<'])
      return
    }
    if (!isMap(target)) {
      this.fault(offset, parts, 'a merge (<<) of something that is not a map', 'an alias of a map')
      return
    }
    for (const { key, value } of target.items as Pair<Node, Node | null>[]) {
      const name = isScalar(key) ? (key.source ?? String(key.value)) : ''
      if (name === '<<' && value !== null) this.#merge(record, value, [...parts, name])
      else if (name !== '__proto__' && !Object.hasOwn(record, name)) {
        this.keys.set(pathOf([...parts, name]), this.#place(key.range?.[0] ?? offset))
        record[name] = this.value(value, [...parts, name], true)
      }
    }
  }

  #bounded(offset: number, parts: PathParts): boolean {
    this.#nodes++
    if (this.#nodes === jobFileLimits.nodesMax) {
      this.fault(offset, [], 'aliases or lists without end', `at most ${jobFileLimits.nodesMax} values, aliases expanded`)
    }
    if (this.#nodes >= jobFileLimits.nodesMax) return false
    if (parts.length < jobFileLimits.depthMax) return true
    this.fault(offset, parts.slice(0, 3), 'nesting too deep', `at most ${jobFileLimits.depthMax} levels`)
    return false
  }

  #place(offset: number): Place {
    const { line, col } = this.#lines.linePos(offset)
    return { line, column: col }
  }
}
