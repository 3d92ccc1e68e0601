// Rules for one task: what its driver needs and what it cannot do. A setting that a driver would ignore is refused, so that nobody
// believes in a read-only root or a user that is not there.

import { type GroupSpec, type TaskSpec, hasTaskDir } from '../spec.ts'
import { checkArtifacts } from './artifact-rules.ts'
import { checkChecks } from './check-rules.ts'
import { checkDeviceAsks } from './device-rules.ts'
import { shown } from './fault.ts'
import { modelLimits } from './model-limits.ts'
import { checkPlacement } from './placement-rules.ts'
import { type RuleReport, checkCount, checkEntries, checkFields, checkName, checkUnique, fault } from './rule-report.ts'
import { taskFields } from './spec-fields.ts'
import { containerPath } from './spec-writer.ts'
import { checkTaskFiles } from './task-files.ts'
import { checkTemplates } from './template-rules.ts'

/** Docker refuses containers with less. With exec the few shells that start a task are counted with it. */
const boundMemoryMibMin = 6
/** Set by the node itself; a job that could set them could lie to its own tasks about who they are. */
const reservedEnv = 'SHOAL_'

export function checkTask(report: RuleReport, task: TaskSpec, group: GroupSpec): void {
  checkName(report, '', task.name)
  checkFields(report, taskFields, task)
  checkEntries(report, 'env', task.env)
  for (const key of Object.keys(task.env)) {
    if (key.startsWith(reservedEnv)) fault(report, `env/${key}`, `the key ${shown(key)}`, `keys that do not begin with ${reservedEnv}`)
  }
  checkEntries(report, 'meta', task.meta)
  checkPlacement(report, 'task', task)
  checkLogs(report, task, group.diskMib)
  if (task.driver === 'docker') checkDocker(report, task)
  if (task.driver === 'raw_exec' || task.driver === 'exec') checkProcess(report, task)
  checkTemplates(report, task)
  checkArtifacts(report, task)
  checkTaskFiles(report, task)
  checkTaskDir(report, task)
  checkDeviceAsks(report, task)
  checkChecks(report, task.checks ?? [], group)
}

function checkTaskDir(report: RuleReport, task: TaskSpec): void {
  const { dispatchPayloadFile: file, templates, driver, config } = task
  const isOther = driver === 'exec' || (driver === 'raw_exec' && config.user !== undefined)
  if (!hasTaskDir(task) || !isOther || config.workDir === undefined) return
  const given = templates === undefined ? 'artifacts' : 'templates'
  const [path, found] = file === undefined ? [given, given] : ['dispatch_payload/file', shown(file)]
  const what = driver === 'exec' ? 'exec' : 'raw_exec, config.user'
  fault(report, path, found, `nothing with ${what} and config.work_dir: such a task cannot reach its own folder`)
}

function checkLogs(report: RuleReport, { logs }: TaskSpec, groupDiskMib: number): void {
  const wanted = logs.maxFiles * logs.maxFileSizeMib
  if (wanted > groupDiskMib) {
    fault(report, 'logs', `${logs.maxFiles} files of ${logs.maxFileSizeMib} MiB`, `no more than the group's disk, ${groupDiskMib} MiB`)
  }
}

function checkDocker(report: RuleReport, task: TaskSpec): void {
  const { config } = task
  if (config.image === undefined) fault(report, 'config/image', 'nothing', 'the name of an image: docker needs one')
  else if (!/^[!-~]+$/.test(config.image)) fault(report, 'config/image', shown(config.image), 'the name of an image, without spaces')
  if (config.entrypoint?.length === 0) fault(report, 'config/entrypoint', 'an empty list', 'at least a program, or no entrypoint at all')
  if (config.workDir !== undefined && !config.workDir.startsWith('/'))
    fault(report, 'config/work_dir', shown(config.workDir), 'an absolute path in the container')
  checkMemory(report, task)
  checkVolumes(report, config.volumes)
}

function checkMemory(report: RuleReport, { driver, resources }: TaskSpec): void {
  if (resources.memoryMib >= boundMemoryMibMin) return
  fault(report, 'resources/memory', `${resources.memoryMib} MiB`, `at least ${boundMemoryMibMin} MiB with ${driver}`)
}

function checkVolumes(report: RuleReport, volumes: readonly string[]): void {
  checkCount(report, 'config/volumes', volumes.length, 0, modelLimits.volumesMax)
  checkUnique(report, 'container path', volumes.map(containerPath), (_, index) => `config/volumes/${index}`)
  volumes.forEach((volume, index) => {
    const fits = /^(\/[^:]*|[A-Za-z0-9][A-Za-z0-9_.-]*):\/[^:]+(:ro|:rw)?$/.test(volume) && volume.length <= modelLimits.lineBytesMax
    if (!fits) fault(report, `config/volumes/${index}`, shown(volume), 'host-path-or-volume-name:container-path[:ro], paths absolute')
  })
}

function checkProcess(report: RuleReport, task: TaskSpec): void {
  const { config, driver } = task
  if (driver === 'exec') checkMemory(report, task)
  if (config.command === undefined) fault(report, 'config/command', 'nothing', `a program: ${driver} needs one`)
  const refused: readonly (readonly [string, boolean, string])[] = [
    ['config/image', config.image !== undefined, shown(config.image)],
    ['config/entrypoint', config.entrypoint !== undefined, 'an entrypoint'],
    ['config/volumes', config.volumes.length > 0, 'volumes'],
    ['config/privileged', config.privileged, 'true'],
    ['config/read_only_root', config.readOnlyRoot, 'true'],
  ]
  for (const [path, isThere, found] of refused) {
    if (isThere) fault(report, path, found, `nothing with ${driver}, which runs a plain process of the board`)
  }
}
