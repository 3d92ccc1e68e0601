// One scalar field of a specification: its word in the job file, its register, kind, range, default and where it sits in the plain
// object. One table of these drives the gate's whitelist, the codec, the range rules and the form, so that they cannot disagree.

import type { Scalar } from '../registers.ts'
import { modelLimits } from './model-limits.ts'
import { type ValueCheck, flag, integer, line, text } from './value-kind.ts'

export type Unit = 'ms' | 'MiB' | 'MHz' | ''

/** `list`: a JSON array of strings in one register, because a mix of two sides' lists would be nobody's command. */
export type FieldKind = 'text' | 'int' | 'flag' | 'list'

export interface Field<T> {
  /** In the vocabulary of the job file: `restart/interval`. */
  readonly path: string
  /** The same with its unit: `restart/interval_ms`. */
  readonly register: string
  readonly kind: FieldKind
  readonly unit: Unit
  /** null: there is none; the field is `required`, or simply not set. */
  readonly fallback: Scalar
  readonly required: boolean
  readonly min: number
  readonly max: number
  /** For texts that are one of a few words. */
  readonly choices: readonly string[]
  /** A change of it takes a restart of the tasks: it is part of the form. */
  readonly restarts: boolean
  readonly of: (value: T) => Scalar
}

type Options<T> = Partial<Omit<Field<T>, 'path' | 'register' | 'kind' | 'of'>>

const suffix: Readonly<Record<Unit, string>> = { ms: '_ms', MiB: '_mib', MHz: '_mhz', '': '' }

function field<T>(kind: FieldKind, path: string, of: (value: T) => Scalar, options: Options<T>): Field<T> {
  const unit = options.unit ?? ''
  return {
    path,
    register: path + suffix[unit],
    kind,
    unit,
    of,
    fallback: options.fallback ?? null,
    required: options.required ?? false,
    min: options.min ?? 0,
    max: options.max ?? Number.MAX_SAFE_INTEGER - 1,
    choices: options.choices ?? [],
    restarts: options.restarts ?? false,
  }
}

export function textField<T>(path: string, of: (value: T) => string | undefined, options: Options<T> = {}): Field<T> {
  return field('text', path, (value: T) => of(value) ?? null, { max: modelLimits.lineBytesMax, ...options })
}

export function intField<T>(path: string, of: (value: T) => number | null, options: Options<T>): Field<T> {
  return field('int', path, of, options)
}

export function durationField<T>(path: string, of: (value: T) => number | null, options: Options<T>): Field<T> {
  return field('int', path, of, { unit: 'ms', max: modelLimits.durationMsMax, ...options })
}

export function flagField<T>(path: string, of: (value: T) => boolean, options: Options<T>): Field<T> {
  return field('flag', path, of, options)
}

export function listField<T>(path: string, of: (value: T) => readonly string[] | undefined, options: Options<T> = {}): Field<T> {
  const json = (value: T): Scalar => {
    const list = of(value)
    return list === undefined ? null : JSON.stringify(list)
  }
  return field('list', path, json, { max: modelLimits.listBytesMax, ...options })
}

/**
 * What the gate lets through. Kinds and sizes only: a value out of range makes the specification invalid here, but a newer agent
 * with a wider range must be able to send it on.
 */
export function gateCheck<T>(one: Field<T>): ValueCheck {
  if (one.kind === 'flag') return flag
  if (one.kind === 'int') return integer()
  return one.kind === 'list' ? text(modelLimits.listBytesMax) : line(modelLimits.lineBytesMax)
}
