// Rules for what a task is given in its folder, whatever it is made from: where it may be, and with which permissions.

import type { TaskSpec } from '../spec.ts'
import { shown } from './fault.ts'
import { modelLimits } from './model-limits.ts'
import { type RuleReport, checkUnique, fault, inside } from './rule-report.ts'
import { containerPath } from './spec-writer.ts'
import { utf8Bytes } from './text-size.ts'

export function checkTaskFiles(report: RuleReport, task: TaskSpec): void {
  const { templates = [], artifacts = [], dispatchPayloadFile: payload } = task
  const given = [
    ...(payload === undefined ? [] : [{ at: '', destination: payload, perms: null }]),
    ...templates.map(({ destination, perms }, index) => ({ at: `templates/${index}`, destination, perms })),
    ...artifacts.map(({ destination, perms }, index) => ({ at: `artifacts/${index}`, destination, perms })),
  ]
  const paths = given.map(({ destination }) => destination)
  checkUnique(report, 'destination', paths, (_, index) => `${given[index]!.at}/destination`)
  checkOwnFolder(report, task)
  for (const { at, destination, perms } of given) {
    if (perms === null) continue
    const file = inside(report, ...at.split('/'))
    checkDestination(file, destination, paths)
    if (!/^0?[0-7]{3}$/.test(perms)) fault(file, 'perms', shown(perms), 'three octal digits, such as 0644')
  }
}

/** A volume in its place would be the board's folder, and all copies' alike. */
function checkOwnFolder(report: RuleReport, { templates, artifacts, config }: TaskSpec): void {
  if (templates === undefined && artifacts === undefined) return
  config.volumes.forEach((volume, index) => {
    const inside = containerPath(volume).replace(/\/+$/, '')
    if (inside === taskFolder || inside.startsWith(`${taskFolder}/`))
      fault(report, `config/volumes/${index}`, shown(volume), `no volume at ${taskFolder}: the task's files are there`)
  })
}

/** Of a container. */
const taskFolder = '/local'
const part = /^[A-Za-z0-9_.-]+$/

function checkDestination(report: RuleReport, destination: string, paths: readonly string[]): void {
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
