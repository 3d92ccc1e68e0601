// Jobs whose tasks have files made from templates, and what simulated boards hold of these.

import { templateDefaults } from '../../crdt/documents/defaults.ts'
import { type JobId, jobDocId, opsDocId } from '../../crdt/ids.ts'
import type { TemplateSpec } from '../../crdt/given-files.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import type { Board, Given } from '../../simulator/board.ts'
import type { World } from '../../simulator/world.ts'
import { type JobOptions, edit, jobSpec } from './world.ts'

/** Without a wait, so that a test sees what follows from what. */
export function template(changes: Partial<TemplateSpec> = {}): TemplateSpec {
  return { destination: 'app.conf', data: 'zone ${label.zone}\n', ...templateDefaults, splayMs: 0, ...changes }
}

export const onHup = { changeMode: 'signal', changeSignal: 'SIGHUP' } as const

export function templated(
  templates: readonly TemplateSpec[],
  { variables, ...options }: JobOptions & Pick<JobSpec, 'variables'> = {},
): JobSpec {
  const spec = jobSpec(options)
  const groups = spec.groups.map((group) => ({ ...group, tasks: group.tasks.map((task) => ({ ...task, templates })) }))
  return { ...spec, ...(variables && { variables }), groups }
}

/** By its one task: the files that it has, and the signals that it got since it began. */
export function givenOn(board: Board): Given | undefined {
  const [task] = board.tasks.keys()
  return task === undefined ? undefined : board.given.get(task)
}

export function label(world: World, board: Board, zone: string | null, by = board): void {
  edit(world, by, opsDocId(board.spec.id), 'default', () => new Map([['label/zone', zone]]))
}

export function vary(world: World, board: Board, job: JobId, variables: Readonly<Record<string, string | null>>): void {
  const changes = Object.entries(variables).map(([name, value]) => [`spec/variables/${name}`, value] as const)
  edit(world, board, jobDocId(job), 'default', () => new Map(changes))
}
