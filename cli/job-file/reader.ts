// Reads typed values out of a file's data, with a fallback for whatever is absent or of another shape. It decides nothing about
// what is right: the schema has done that. Texts come back as they were written (`1.10`, not 1.1).

import { type Result } from '../../crdt/errors.ts'
import { compareText } from '../../crdt/ids.ts'
import { type PathParts, type Source, pathOf } from './source.ts'
import { parseClock, parseDuration, parseRate, parseSize } from './units.ts'

export class Reader {
  readonly #source: Source
  readonly #value: Readonly<Record<string, unknown>>
  readonly #parts: PathParts

  /** `value` is what stands at `parts`; undefined reads as an empty map. */
  constructor(source: Source, value: unknown, parts: PathParts) {
    this.#source = source
    this.#value = asMap(value)
    this.#parts = parts
  }

  has(key: string): boolean {
    return Object.hasOwn(this.#value, key)
  }

  word<T extends string>(key: string, fallback: T): T {
    const value = this.#get(key)
    return typeof value === 'string' ? (value as T) : fallback
  }

  integer(key: string, fallback: number): number {
    const value = this.#get(key)
    return Number.isSafeInteger(value) ? (value as number) : fallback
  }

  flag(key: string, fallback: boolean): boolean {
    const value = this.#get(key)
    return typeof value === 'boolean' ? value : fallback
  }

  text(key: string, fallback: string): string {
    return this.has(key) ? this.#written([key], this.#get(key)) : fallback
  }

  duration(key: string, fallback: number): number {
    return quantity(parseDuration(this.#get(key)), fallback)
  }

  size(key: string, fallback: number): number {
    return quantity(parseSize(this.#get(key)), fallback)
  }

  clock(key: string, fallback: number): number {
    return quantity(parseClock(this.#get(key)), fallback)
  }

  rate(key: string, fallback: number): number {
    return quantity(parseRate(this.#get(key)), fallback)
  }

  block(key: string): Reader {
    return new Reader(this.#source, this.#get(key), [...this.#parts, key])
  }

  list(key: string): readonly Reader[] {
    const value = this.#get(key)
    return Array.isArray(value) ? value.map((item, i) => new Reader(this.#source, item, [...this.#parts, key, i])) : []
  }

  textList(key: string): readonly string[] | null {
    const value = this.#get(key)
    return Array.isArray(value) ? value.map((item, i) => this.#written([key, i], item)) : null
  }

  /** Sorted by name. */
  named(key: string): readonly (readonly [string, Reader])[] {
    const block = this.block(key)
    return Object.keys(block.#value)
      .toSorted(compareText)
      .map((name) => [name, block.block(name)] as const)
  }

  texts(key: string): Record<string, string> {
    const entries = Object.entries(asMap(this.#get(key)))
    return Object.fromEntries(entries.map(([name, value]) => [name, this.#written([key, name], value)] as const).toSorted(byName))
  }

  numbers(key: string): Record<string, number> {
    const entries = Object.entries(asMap(this.#get(key)))
    return Object.fromEntries(entries.filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])).toSorted(byName))
  }

  #get(key: string): unknown {
    return this.has(key) ? this.#value[key] : undefined
  }

  #written(parts: PathParts, value: unknown): string {
    if (typeof value === 'string') return value
    return this.#source.values.get(pathOf([...this.#parts, ...parts]))?.text ?? String(value)
  }
}

function asMap(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

function quantity(parsed: Result<number>, fallback: number): number {
  return parsed.ok ? parsed.value : fallback
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return compareText(a[0], b[0])
}
