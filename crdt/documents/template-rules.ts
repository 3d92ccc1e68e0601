// Rules for templates and for the variables that they, and other texts, name: where a file may be, whom a change of it is told, and how much
// of all this a job may hold.

import { type JobSpec, type TaskSpec, type TemplateSpec } from '../spec.ts'
import { shown } from './fault.ts'
import { modelLimits } from './model-limits.ts'
import { encodePart } from './path-part.ts'
import { type RuleReport, checkCount, checkEntries, checkFields, checkUnique, fault, inside } from './rule-report.ts'
import { templateFields } from './spec-fields.ts'
import { containerPath } from './spec-writer.ts'
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
  const { templates = [], dispatchPayloadFile: payload } = task
  checkCount(report, 'templates', templates.length, 0, modelLimits.templatesMax)
  const paths = [...(payload === undefined ? [] : [payload]), ...templates.map(({ destination }) => destination)]
  const first = paths.length - templates.length
  checkUnique(report, 'destination', paths, (_, index) => `templates/${index - first}/destination`)
  checkOwnFolder(report, task)
  templates.forEach((template, index) => {
    const at = inside(report, 'templates', index)
    checkFields(at, templateFields, template)
    checkDestination(at, template, paths)
    checkData(at, template)
    checkChange(at, template)
  })
}

/** A volume in its place would be the board's folder, and all copies' alike. */
function checkOwnFolder(report: RuleReport, { templates = [], config }: TaskSpec): void {
  if (templates.length === 0) return
  config.volumes.forEach((volume, index) => {
    const inside = containerPath(volume).replace(/\/+$/, '')
    if (inside === taskFolder || inside.startsWith(`${taskFolder}/`))
      fault(report, `config/volumes/${index}`, shown(volume), `no volume at ${taskFolder}: templates are there`)
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

/** Of a container. */
const taskFolder = '/local'
const part = /^[A-Za-z0-9_.-]+$/

function checkDestination(report: RuleReport, { destination }: TemplateSpec, paths: readonly string[]): void {
  const parts = destination.split('/')
  const isPath = parts.every((one) => part.test(one) && one !== '.' && one !== '..')
  const above = paths.find((path) => destination.startsWith(`${path}/`))
  if (!isPath || utf8Bytes(destination) > modelLimits.filePathBytesMax) {
    const allowed = `a path below the task's folder, at most ${modelLimits.filePathBytesMax} letters, digits, dots, dashes and underscores between slashes, no ..`
    fault(report, 'destination', shown(destination), allowed)
  } else if (parts[0] === 'local' && parts.length > 1)
    fault(
      report,
      'destination',
      shown(destination),
      `${parts.slice(1).join('/')}: paths begin in the folder that Nomad calls local, which is SHOAL_TASK_DIR`,
    )
  else if (above !== undefined) fault(report, 'destination', shown(destination), `nothing below ${above}, which is a file`)
}

function checkData(report: RuleReport, { data }: TemplateSpec): void {
  const bytes = utf8Bytes(data)
  if (bytes > modelLimits.templateBytesMax) fault(report, 'data', `${bytes} bytes`, `at most ${modelLimits.templateBytesMax} bytes`)
  else if (!isWellFormed(data) || data.includes('\0')) fault(report, 'data', 'a NUL character or broken Unicode', 'text')
}

function checkChange(report: RuleReport, { perms, changeMode, changeSignal }: TemplateSpec): void {
  if (!/^0?[0-7]{3}$/.test(perms)) fault(report, 'perms', shown(perms), 'three octal digits, such as 0644')
  if (changeMode === 'signal' && changeSignal === undefined)
    fault(report, 'change_signal', 'nothing', 'a signal such as SIGHUP, with change_mode: signal')
  if (changeMode !== 'signal' && changeSignal !== undefined)
    fault(report, 'change_signal', shown(changeSignal), `nothing with change_mode: ${changeMode}`)
}
