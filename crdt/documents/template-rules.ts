// Rules for templates and for the variables that they, and other texts, name: whom a change is told, and how much of all this a job may hold.
// Where their files may be: `task-files.ts`.

import type { TemplateSpec } from '../given-files.ts'
import { type JobSpec, type TaskSpec } from '../spec.ts'
import { shown } from './fault.ts'
import { modelLimits } from './model-limits.ts'
import { encodePart } from './path-part.ts'
import { type RuleReport, checkCount, checkEntries, checkFields, fault, inside } from './rule-report.ts'
import { templateFields } from './spec-fields.ts'
import { isWellFormed, utf8Bytes } from './text-size.ts'

export function checkVariables(report: RuleReport, { variables = {} }: JobSpec): void {
  const names = Object.keys(variables)
  checkCount(report, 'variables', names.length, 0, modelLimits.variablesMax)
  checkEntries(report, 'variables', variables)
  for (const name of names) {
    if (/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) continue
    const allowed = 'letters, digits, dots, dashes and underscores, a letter or an underscore first'
    fault(report, `variables/${encodePart(name)}`, `the name ${shown(name)}`, allowed)
  }
}

export function checkTemplates(report: RuleReport, task: TaskSpec): void {
  const { templates = [] } = task
  checkCount(report, 'templates', templates.length, 0, modelLimits.templatesMax)
  templates.forEach((template, index) => {
    const at = inside(report, 'templates', index)
    checkFields(at, templateFields, template)
    checkData(at, template)
    checkChange(at, template)
  })
}

/** They and the variables travel in one envelope, with all the rest of the job. */
export function checkRenderedSize(report: RuleReport, { groups, variables = {} }: JobSpec): void {
  const templates = groups.flatMap(({ tasks }) => tasks.flatMap((task) => task.templates ?? []))
  const texts = [...templates.map(({ data }) => data), ...Object.values(variables)]
  const bytes = texts.reduce((sum, text) => sum + utf8Bytes(text), 0)
  if (bytes > modelLimits.renderedBytesMax)
    fault(report, '', `${bytes} bytes of templates and variables`, `at most ${modelLimits.renderedBytesMax} bytes of them in one job`)
}

function checkData(report: RuleReport, { data }: TemplateSpec): void {
  const bytes = utf8Bytes(data)
  if (bytes > modelLimits.templateBytesMax) fault(report, 'data', `${bytes} bytes`, `at most ${modelLimits.templateBytesMax} bytes`)
  else if (!isWellFormed(data) || data.includes('\0')) fault(report, 'data', 'a NUL character or broken Unicode', 'text')
}

function checkChange(report: RuleReport, { changeMode, changeSignal }: TemplateSpec): void {
  if (changeMode === 'signal' && changeSignal === undefined)
    fault(report, 'change_signal', 'nothing', 'a signal such as SIGHUP, with change_mode: signal')
  if (changeMode !== 'signal' && changeSignal !== undefined)
    fault(report, 'change_signal', shown(changeSignal), `nothing with change_mode: ${changeMode}`)
}
