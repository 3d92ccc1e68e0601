// Names in `${…}` that no board can ever know: a word that there is not, a port that the group has not. Asked of what an operator is about
// to submit, and of nothing else: a job that was signed before, or by a newer command line, goes on as it does (docs/interpolation.md).

import { deviceVariable } from '../devices.ts'
import { type Reference, referencesIn } from '../interpolation.ts'
import { type CheckSpec, type GroupSpec, type JobSpec, type TaskSpec, hasTaskDir } from '../spec.ts'
import { type EachText, mapCheck, mapConfig } from '../task-texts.ts'
import { type Fault, shown } from './fault.ts'
import { encodePart } from './path-part.ts'
import { type RuleReport, fault, inside } from './rule-report.ts'

const nodeFields = ['unique.id', 'unique.name', 'pool']
/** Always there. */
const ofCopies = [
  'NAMESPACE',
  'JOB',
  'GROUP',
  'TASK',
  'INDEX',
  'ALLOC',
  'GENERATION',
  'POOL',
  'NODE_ID',
  'NODE_NAME',
  'CPU_MHZ',
  'MEMORY_MIB',
]
/** Nomad's words for what has another one here. */
const others: Readonly<Record<string, string>> = {
  ALLOC_ID: 'SHOAL_ALLOC',
  ALLOC_INDEX: 'SHOAL_INDEX',
  JOB_NAME: 'SHOAL_JOB',
  JOB_ID: 'SHOAL_JOB',
  GROUP_NAME: 'SHOAL_GROUP',
  TASK_NAME: 'SHOAL_TASK',
  CPU_LIMIT: 'SHOAL_CPU_MHZ',
  MEMORY_LIMIT: 'SHOAL_MEMORY_MIB',
  DC: 'SHOAL_POOL',
}

export function checkReferences(spec: JobSpec): readonly Fault[] {
  const report: RuleReport = { at: '', faults: [] }
  for (const group of spec.groups)
    for (const task of group.tasks) checkTask(inside(report, 'groups', group.name, 'tasks', task.name), { spec, group, task })
  return report.faults
}

interface Place {
  readonly spec: JobSpec
  readonly group: GroupSpec
  readonly task: TaskSpec
}

function checkTask(report: RuleReport, place: Place): void {
  const { env, config, templates = [], artifacts = [], checks = [] } = place.task
  for (const [key, value] of Object.entries(env)) checkText(report, place, { text: value, path: `env/${encodePart(key)}`, field: 'env' })
  mapConfig(config, (text, path) => checkText(inside(report, 'config'), place, { text, path, field: path.split('/')[0] ?? '' }))
  templates.forEach(({ data }, index) => checkText(report, place, { text: data, path: `templates/${index}/data`, field: 'template' }))
  artifacts.forEach(({ source }, index) => checkText(report, place, { text: source, path: `artifacts/${index}/source`, field: 'artifact' }))
  for (const check of checks) checkOne(inside(report, 'checks', check.name), place, check)
}

function checkOne(report: RuleReport, place: Place, check: CheckSpec): void {
  const field = check.type === 'exec' ? 'args' : 'check'
  const each: EachText = (text, path) => {
    const [block = '', ...rest] = path.split('/')
    return checkText(report, place, { text, path: block === 'header' ? `${block}/${encodePart(rest.join('/'))}` : path, field })
  }
  mapCheck(check, each)
}

/** Gives the text, as those do who walk over texts to change them. */
function checkText(report: RuleReport, place: Place, at: { readonly text: string; readonly path: string; readonly field: string }): string {
  const bad = referencesIn(at.text).find(({ reference }) => allowedInstead(reference, place, at.field) !== null)
  if (bad !== undefined) fault(report, at.path, shown(bad.text), `${allowedInstead(bad.reference, place, at.field)}; $\${ for a plain \${`)
  return at.text
}

/** null: some board may know it. */
function allowedInstead(reference: Reference, place: Place, field: string): string | null {
  switch (reference.kind) {
    case 'attr':
    case 'label':
      return null
    case 'var':
      return field === 'image'
        ? 'a name of the board, or the image itself: another image is another version of the job'
        : variableInstead(reference.key, place.spec)
    case 'node':
      return nodeFields.includes(reference.field) ? null : nodeFields.map((one) => `\${node.${one}}`).join(', ')
    case 'env':
      return envInstead(reference.key, place, field)
    case 'runtime':
      return runtimeInstead(reference.name, place, field)
  }
}

function variableInstead(key: string, { variables = {} }: JobSpec): string | null {
  if (Object.hasOwn(variables, key)) return null
  const names = Object.keys(variables)
  return `a variable of the job (${names.length === 0 ? 'it has none: add a block variables' : names.join(', ')})`
}

function envInstead(key: string, place: Place, field: string): string | null {
  if (key.startsWith('SHOAL_')) return runtimeInstead(key, place, field)
  if (field === 'env') return 'the names SHOAL_… here: entries of env do not see one another'
  if (Object.hasOwn(place.task.env, key)) return null
  const keys = Object.keys(place.task.env)
  return `an entry of the task's env (${keys.length === 0 ? 'it has none' : keys.join(', ')})`
}

function runtimeInstead(name: string, { spec, group, task }: Place, field: string): string | null {
  const rest = name.slice('SHOAL_'.length)
  if (ofCopies.includes(rest)) return null
  // An image is fetched before ports are chosen, as everything is that the start does not wait for.
  const ports =
    field === 'image' || field === 'artifact' ? [] : group.network.ports.map(({ label }) => `SHOAL_PORT_${label.replaceAll('-', '_')}`)
  const metas = metaNames(spec, group, task)
  const more = [
    ...(spec.periodic === undefined ? [] : ['SHOAL_RUN']),
    ...(hasTaskDir(task) && ['command', 'args', 'entrypoint', 'env', 'template'].includes(field) ? ['SHOAL_TASK_DIR'] : []),
    // As ports: they are found when it starts.
    ...(field === 'image' ? [] : (task.devices ?? []).map((ask) => deviceVariable(ask.name))),
    ...(task.driver !== 'docker' && field === 'args' ? ['SHOAL_TASK_ID'] : []),
  ]
  if ([...ports, ...metas, ...more].includes(name)) return null
  const meant = others[rest]
  if (meant !== undefined) return meant
  if (rest.startsWith('PORT_')) return ports.length === 0 ? 'no port: none is known here' : ports.join(', ')
  if (rest.startsWith('META_')) return metas.length === 0 ? 'no metadata: the job has none' : metas.join(', ')
  return [...ofCopies.map((one) => `SHOAL_${one}`), ...ports, ...metas, ...more.filter((one) => one !== 'SHOAL_TASK_ID')].join(', ')
}

function metaNames({ meta, parameterized }: JobSpec, group: GroupSpec, task: TaskSpec): readonly string[] {
  const given = parameterized === undefined ? [] : [...parameterized.metaRequired, ...parameterized.metaOptional]
  const keys = [...Object.keys({ ...meta, ...group.meta, ...task.meta }), ...given]
  return [...new Set(keys.map((key) => `SHOAL_META_${key.replaceAll(/[^A-Za-z0-9_]/g, '_')}`))]
}
