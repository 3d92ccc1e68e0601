// What a driver is asked to run: the task's specification with its environment complete and `${…}` filled in (docs/interpolation.md).
// The names SHOAL_* correspond to Nomad's NOMAD_*. A board is asked what it is when a task starts: what its labels say later is for the
// next start; only for templates anything follows from it while a task runs (`templates.ts`).

import { civilText } from '../../../crdt/civil-time.ts'
import { deviceVariable } from '../../../crdt/devices.ts'
import { type NodeId, slotParts } from '../../../crdt/ids.ts'
import { type Filler, type Lookup, createFiller, referencesIn } from '../../../crdt/interpolation.ts'
import { isRun, runOf } from '../../../crdt/run-name.ts'
import { type CheckSpec, type TaskSpec, hasTaskDir } from '../../../crdt/spec.ts'
import { mapCheck, mapConfig, mapEntries } from '../../../crdt/task-texts.ts'
import type { NodeView } from '../../../crdt/view.ts'
import { coreLimits } from '../limits.ts'
import { type CheckRequest, type TaskFile, type TaskRequest, taskDirMark } from '../ports.ts'
import type { Step } from '../state.ts'
import type { Alloc, Body, Facts, TaskRun } from './alloc.ts'
import { devicesFor } from './devices.ts'

export function requestOf(step: Step, alloc: Alloc, body: Body, task: TaskRun): TaskRequest {
  return filledOf(step, alloc, body, task).request
}

/** And whether its files lack nothing that they name. */
export function filledOf(
  step: Step,
  alloc: Alloc,
  body: Body,
  task: TaskRun,
): { readonly request: TaskRequest; readonly hasAllFiles: boolean } {
  const facts = factsHere(step, body)
  const { request, isEnvWhole } = made(step, alloc, body, task, facts)
  const filler = createFiller(lookupOf(request.env, facts, task.spec), coreLimits.filledCharsMax)
  const files = filesOf(body, task.spec, filler)
  const hasAllFiles = wordsOf(filler) === null && (isEnvWhole || !namesEnv(task.spec))
  return { request: { ...request, ...(files.length === 0 ? {} : { files }) }, hasAllFiles }
}

/** What an entry of the environment lacks, a file that names it lacks. */
function namesEnv({ templates = [] }: TaskSpec): boolean {
  return templates.some(({ data }) => referencesIn(data).some(({ reference }) => reference.kind === 'env'))
}

/** Why the task cannot be started here as its specification has it: what it names is not on this board. null: it can. */
export function lackOf(step: Step, alloc: Alloc, body: Body, task: TaskRun): string | null {
  const { filler, request } = made(step, alloc, body, task, factsHere(step, body))
  filesOf(body, task.spec, filler)
  // Their checks begin with the task; here they only tell what they lack.
  for (const check of task.spec.checks ?? []) mapCheck(check, filler.fillBare)
  const words = wordsOf(filler) ?? brokenVolume(task.spec, request.spec)
  return words === null ? null : `task ${task.spec.name}: ${words}`
}

function wordsOf({ missing, isTooLong }: Filler): string | null {
  const ofJob = [...missing].filter((text) => text.startsWith('${var.'))
  const ofBoard = [...missing].filter((text) => !ofJob.includes(text))
  const lacks = [
    ...(ofBoard.length === 0 ? [] : [`this board has no ${ofBoard.join(', ')}`]),
    ...(ofJob.length === 0 ? [] : [`the job has no ${ofJob.join(', ')}`]),
  ]
  if (lacks.length > 0) return lacks.join('; ')
  return isTooLong ? `more than ${coreLimits.filledCharsMax} characters would be filled into its texts` : null
}

/** A value must not say which other folder of the board is mounted, nor where. */
function brokenVolume(asked: TaskSpec, filled: TaskSpec): string | null {
  for (const [at, volume] of asked.config.volumes.entries()) {
    const made = filled.config.volumes[at] ?? ''
    for (const [what, among] of [
      ['a colon', ':'],
      ['..', '..'],
    ] as const)
      if (countOf(volume, among) !== countOf(made, among)) return `the volume ${made} has ${what} in a value that was filled in`
  }
  return null
}

function countOf(volume: string, among: ':' | '..'): number {
  return among === ':' ? volume.split(':').length : volume.split(/[/:]/).filter((part) => part === among).length
}

/** What can be named; nothing else of the board is kept with a task. */
export function factsHere(step: Step, { variables }: Body): Facts | null {
  const node = boardHere(step)
  if (node === undefined) return null
  const { id, name, pool, attributes, labels } = node
  return { id, name, pool, attributes, labels, ...(variables && { variables }) }
}

/** undefined: it has not looked at its documents yet. */
export function boardHere({ state }: Step): NodeView | undefined {
  return state.view.nodes.get(state.boot.config.self)
}

function made(
  { state }: Step,
  alloc: Alloc,
  body: Body,
  task: TaskRun,
  facts: Facts | null,
): { readonly request: TaskRequest; readonly filler: Filler; readonly isEnvWhole: boolean } {
  const { spec } = task
  const devices = devicesFor(alloc, task)
  const env = environment(alloc, body, task, state.boot.config.self, facts)
  const filler = createFiller(lookupOf(env, facts, spec), coreLimits.filledCharsMax)
  // Entries see what the board says, not one another: they have no order. All else sees them, too.
  Object.assign(env, mapEntries(spec.env, 'env', filler.fill))
  const isEnvWhole = wordsOf(filler) === null
  const request = {
    id: task.id,
    slot: alloc.slot,
    alloc: alloc.alloc,
    generation: alloc.generation,
    form: body.form,
    updates: body.updates,
    spec: { ...spec, config: mapConfig(spec.config, (text, path) => forField(filler.fill(text), path)) },
    network: body.group.network,
    ports: { ...alloc.ports },
    env,
    diskMib: body.group.diskMib,
    ...(devices.length === 0 ? {} : { devices }),
  }
  return { request, filler, isEnvWhole }
}

const dirFields: readonly string[] = ['command', 'args', 'entrypoint']

/** The driver puts its folder where programs read it, and nowhere else: there the name stays as it was written. */
function forField(text: string, path: string): string {
  return dirFields.includes(path.split('/')[0] ?? '') ? text : text.replaceAll(taskDirMark, '${SHOAL_TASK_DIR}')
}

function filesOf(
  { payload }: Body,
  { dispatchPayloadFile, templates = [], artifacts = [] }: TaskSpec,
  { fill }: Filler,
): readonly TaskFile[] {
  const isGiven = payload !== undefined && dispatchPayloadFile !== undefined
  return [
    ...(isGiven ? [{ kind: 'payload', path: dispatchPayloadFile, base64: payload } as const] : []),
    ...templates.map(
      ({ destination, perms, data }) =>
        ({ kind: 'template', path: destination, mode: Number.parseInt(perms, 8), text: fill(data) }) as const,
    ),
    ...artifacts.map(({ destination, perms, source, checksum }) => {
      const sha256 = checksum.slice('sha256:'.length)
      return { kind: 'artifact', path: destination, mode: Number.parseInt(perms, 8), source: fill(source), sha256 } as const
    }),
  ]
}

/** What a board is to ask of a task that runs; or, in words, what of it is no longer there to be asked. */
export function checkRequestFor(
  step: Step,
  id: string,
  alloc: Alloc,
  run: TaskRun,
  spec: CheckSpec,
): { readonly request: CheckRequest; readonly lacks: string | null } {
  // As the task was told when it started; an agent that took it over no longer knows what that was.
  const facts = run.facts ?? factsHere(step, alloc.body)
  const task = made(step, alloc, alloc.body, run, facts).request
  const filler = createFiller(lookupOf(task.env, facts, run.spec), coreLimits.filledCharsMax)
  const check = mapCheck(spec, (text, path) => forField(filler.fillBare(text), path))
  const port = spec.port === undefined ? null : (alloc.ports[spec.port] ?? null)
  return { request: { id, task, check, port }, lacks: wordsOf(filler) }
}

function environment(alloc: Alloc, body: Body, task: TaskRun, self: NodeId, facts: Facts | null): Record<string, string> {
  const { job, group, index } = slotParts(alloc.slot)
  const run = isRun(group, body.form) ? runOf(group) : null
  const [namespace = '', name = ''] = job.split('/')
  const env: Record<string, string> = {
    SHOAL_NAMESPACE: namespace,
    SHOAL_JOB: name,
    SHOAL_GROUP: run?.group ?? group,
    ...(run === null ? {} : { SHOAL_RUN: civilText(run.due) }),
    SHOAL_TASK: task.spec.name,
    // As Nomad's: the copies of a system job are all number 0.
    SHOAL_INDEX: String(Math.max(0, index)),
    SHOAL_ALLOC: alloc.alloc,
    SHOAL_GENERATION: String(alloc.generation),
    SHOAL_POOL: body.pool,
    SHOAL_NODE_ID: self,
    SHOAL_NODE_NAME: facts?.name ?? '',
    SHOAL_CPU_MHZ: String(task.spec.resources.cpuMhz),
    SHOAL_MEMORY_MIB: String(task.spec.resources.memoryMib),
  }
  for (const [label, port] of Object.entries(alloc.ports)) env[`SHOAL_PORT_${label.replaceAll('-', '_')}`] = String(port)
  for (const { name } of task.spec.devices ?? []) {
    const paths = devicesFor(alloc, task).filter((one) => one.name === name)
    if (paths.length > 0) env[deviceVariable(name)] = paths.map(({ path }) => path).join(',')
  }
  for (const meta of [body.jobMeta, body.group.meta, task.spec.meta]) {
    for (const [key, value] of Object.entries(meta)) env[`SHOAL_META_${key.replaceAll(/[^A-Za-z0-9_]/g, '_')}`] = value
  }
  return env
}

/** Names that are none stay as they are: the shell that runs the command may mean something by them. */
function lookupOf(env: Readonly<Record<string, string>>, facts: Facts | null, spec: TaskSpec): Lookup {
  return (reference) => {
    switch (reference.kind) {
      case 'runtime':
        return reference.name === 'SHOAL_TASK_DIR' && hasTaskDir(spec) ? taskDirMark : own(env, reference.name)
      case 'env':
        return own(env, reference.key)
      case 'node':
        return facts === null ? undefined : nodeField(facts, reference.field)
      case 'attr':
        return facts === null ? undefined : (own(facts.attributes, reference.key) ?? null)
      case 'label':
        return facts === null ? undefined : (own(facts.labels, reference.key) ?? null)
      case 'var': {
        // In jobs from before there were variables this was a text like any other.
        const isName = facts?.variables !== undefined || spec.templates !== undefined
        return own(facts?.variables ?? {}, reference.key) ?? (isName ? null : undefined)
      }
    }
  }
}

function nodeField({ id, name, pool }: Facts, field: string): string | undefined {
  if (field === 'unique.id') return id
  if (field === 'unique.name') return name
  return field === 'pool' ? pool : undefined
}

function own(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
