// Rules about dispatches: which jobs may be parameterized, what a dispatch has to give, and that what it gave is what the job asks for.

import { fromBase64 } from '../base64.ts'
import { type JobSpec, type ParameterizedSpec, type TaskSpec, isRunOnce } from '../spec.ts'
import { shown } from './fault.ts'
import { modelLimits } from './model-limits.ts'
import { type RuleReport, checkEntries, checkName, fault, inside } from './rule-report.ts'
import { utf8Bytes } from './text-size.ts'

export function checkDispatch(report: RuleReport, spec: JobSpec): void {
  const { parameterized, dispatched } = spec
  if (parameterized !== undefined) checkParameterized(inside(report, 'parameterized'), parameterized, spec)
  if (dispatched !== undefined) {
    checkName(report, 'dispatched/parent', dispatched.parent)
    const words = payloadFault(dispatched.payload ?? '')
    if (words !== null) fault(report, 'dispatched/payload', ...words)
    if (parameterized !== undefined) fault(report, 'parameterized', 'a block', 'none in a job that was dispatched itself')
  }
  for (const group of spec.groups)
    for (const task of group.tasks) checkPayloadFile(inside(report, 'groups', group.name, 'tasks', task.name), task, spec)
}

function checkParameterized(report: RuleReport, { metaRequired, metaOptional }: ParameterizedSpec, { name, type }: JobSpec): void {
  if (!isRunOnce({ type }))
    fault(report, '', `a block in a ${type} job`, 'none, or type batch or sysbatch: what is dispatched ends by itself')
  if (utf8Bytes(name) > modelLimits.parentNameBytesMax) {
    const allowed = `a shorter name, at most ${modelLimits.parentNameBytesMax} characters: dispatched jobs are called NAME-dispatch-…`
    fault(report, '', `a block in a job whose name has ${utf8Bytes(name)} characters`, allowed)
  }
  const isTwice = metaOptional.find((key) => metaRequired.includes(key))
  if (isTwice !== undefined) fault(report, 'meta_optional', shown(isTwice), 'no key that meta_required has')
  // Keys of metadata to come: of the values nothing is known yet.
  const keys = (list: readonly string[]): Record<string, string> => Object.fromEntries(list.map((key) => [key, '']))
  checkEntries(report, 'meta_required', keys(metaRequired))
  checkEntries(report, 'meta_optional', keys(metaOptional))
}

/** What is found and what is allowed; null: nothing is wrong. */
function payloadFault(base64: string): readonly [found: string, allowed: string] | null {
  const bytes = fromBase64(base64)
  if (!bytes.ok) return ['text that is not base64', 'base64']
  const { length } = bytes.value
  return length <= modelLimits.payloadBytesMax ? null : [`a payload of ${length} bytes`, `at most ${modelLimits.payloadBytesMax} bytes`]
}

function checkPayloadFile(report: RuleReport, task: TaskSpec, { parameterized, dispatched }: JobSpec): void {
  const { dispatchPayloadFile: file } = task
  if (file === undefined) return
  const path = 'dispatch_payload/file'
  if (!/^[A-Za-z0-9_.-]+$/.test(file) || file === '.' || file === '..')
    fault(report, path, shown(file), 'the name of a file: letters, digits, dots, dashes and underscores, no folders')
  else if (parameterized?.payload === 'forbidden')
    fault(report, path, shown(file), 'nothing with parameterized.payload: forbidden, which gives it no payload')
  else if (parameterized === undefined && dispatched === undefined)
    fault(report, path, shown(file), 'nothing in a job that is not parameterized: nobody gives it a payload')
}
