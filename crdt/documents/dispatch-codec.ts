// What a job says of dispatches and is no single field ↔ registers: which metadata a dispatch must and may give
// (`parameterized/meta/KEY`), and of a dispatched job its payload, in parts that each fit into a change.

import { compareText } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import type { DispatchedSpec, JobSpec, ParameterizedSpec } from '../spec.ts'
import { parameterizedDefaults } from './defaults.ts'
import type { FieldValues } from './field-reader.ts'
import { modelLimits } from './model-limits.ts'
import { encodePart } from './path-part.ts'

export const metaRules = ['required', 'optional'] as const

export function writeDispatch(out: Map<string, Scalar>, spec: Pick<JobSpec, 'parameterized' | 'dispatched'>): void {
  for (const key of spec.parameterized?.metaRequired ?? []) out.set(`spec/parameterized/meta/${encodePart(key)}`, 'required')
  for (const key of spec.parameterized?.metaOptional ?? []) out.set(`spec/parameterized/meta/${encodePart(key)}`, 'optional')
  payloadParts(spec.dispatched?.payload ?? '').forEach((part, index) => out.set(`spec/dispatched/payload/${index}`, part))
}

function payloadParts(text: string): readonly string[] {
  const size = modelLimits.payloadPartBytesMax
  return Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size))
}

/** `meta`: what is below `parameterized/meta`; `parts`: what is below `dispatched/payload`, by number. */
export function readDispatch(
  values: FieldValues,
  meta: Readonly<Record<string, string>>,
  parts: Readonly<Record<string, string>>,
): Pick<JobSpec, 'parameterized' | 'dispatched'> {
  return { ...readParameterized(values, meta), ...readDispatched(values, parts) }
}

/** Whatever one side took away of the block: as long as anything is left of it, nothing runs by itself. */
function readParameterized(values: FieldValues, meta: Readonly<Record<string, string>>): { readonly parameterized?: ParameterizedSpec } {
  const payload = values.optionalText('parameterized/payload')
  if (payload === undefined && Object.keys(meta).length === 0) return {}
  const named = (isRequired: boolean): string[] =>
    Object.keys(meta)
      .filter((key) => (meta[key] === 'required') === isRequired)
      .sort(compareText)
  return {
    parameterized: {
      payload: (payload ?? parameterizedDefaults.payload) as ParameterizedSpec['payload'],
      metaRequired: named(true),
      metaOptional: named(false),
    },
  }
}

function readDispatched(values: FieldValues, parts: Readonly<Record<string, string>>): { readonly dispatched?: DispatchedSpec } {
  const parent = values.optionalText('dispatched/parent')
  const order = values.optionalText('dispatched/order')
  const numbers = Object.keys(parts).sort((a, b) => Number(a) - Number(b))
  if (parent === undefined && order === undefined && numbers.length === 0) return {}
  const payload = numbers.map((number) => parts[number]).join('')
  return { dispatched: { parent: parent ?? '', order: order ?? '', ...(payload === '' ? {} : { payload }) } }
}
