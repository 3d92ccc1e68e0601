// What a driver is asked to run: the task's specification with its environment complete and `${…}` filled in. The names
// SHOAL_* correspond to Nomad's NOMAD_*; interpolation knows them, `node.*`, `attr.*` and `label.*`/`meta.*`.

import { civilText } from '../../../crdt/civil-time.ts'
import { type NodeId, slotParts } from '../../../crdt/ids.ts'
import { isRun, runOf } from '../../../crdt/run-name.ts'
import type { CheckSpec, TaskConfig, TaskSpec } from '../../../crdt/spec.ts'
import type { NodeView } from '../../../crdt/view.ts'
import type { CheckRequest, TaskRequest } from '../ports.ts'
import type { Step } from '../state.ts'
import type { Alloc, Body, TaskRun } from './alloc.ts'

export function requestOf({ state }: Step, alloc: Alloc, body: Body, task: TaskRun): TaskRequest {
  const { self } = state.boot.config
  return requestFor(alloc, body, task, self, state.view.nodes.get(self))
}

export function requestFor(alloc: Alloc, body: Body, task: TaskRun, self: NodeId, node: NodeView | undefined): TaskRequest {
  const known = environment(alloc, body, task, self, node)
  const fill = (text: string): string => interpolate(text, known, node)
  const env: Record<string, string> = { ...known }
  for (const [name, value] of Object.entries(task.spec.env)) env[name] = fill(value)
  return {
    id: task.id,
    slot: alloc.slot,
    alloc: alloc.alloc,
    generation: alloc.generation,
    form: body.form,
    updates: body.updates,
    spec: { ...task.spec, config: filled(task.spec.config, fill) },
    network: body.group.network,
    ports: { ...alloc.ports },
    env,
    diskMib: body.group.diskMib,
    ...payloadOf(body, task.spec),
  }
}

function payloadOf({ payload }: Body, { dispatchPayloadFile: file }: TaskSpec): Pick<TaskRequest, 'payload'> {
  return payload === undefined || file === undefined ? {} : { payload: { file, base64: payload } }
}

/** What a board is to ask of a task that runs. */
export function checkRequestFor(
  id: string,
  alloc: Alloc,
  run: TaskRun,
  spec: CheckSpec,
  self: NodeId,
  node: NodeView | undefined,
): CheckRequest {
  const task = requestFor(alloc, alloc.body, run, self, node)
  const fill = (text: string): string => interpolate(text, task.env, node)
  const check: CheckSpec = {
    ...spec,
    ...(spec.path === undefined ? {} : { path: fill(spec.path) }),
    headers: Object.fromEntries(Object.entries(spec.headers).map(([name, value]) => [name, fill(value)])),
    ...(spec.body === undefined ? {} : { body: fill(spec.body) }),
    ...(spec.command === undefined ? {} : { command: fill(spec.command) }),
    args: spec.args.map(fill),
  }
  return { id, task, check, port: spec.port === undefined ? null : (alloc.ports[spec.port] ?? null) }
}

function environment(alloc: Alloc, body: Body, task: TaskRun, self: NodeId, node: NodeView | undefined): Record<string, string> {
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
    SHOAL_NODE_NAME: node?.name ?? '',
    SHOAL_CPU_MHZ: String(task.spec.resources.cpuMhz),
    SHOAL_MEMORY_MIB: String(task.spec.resources.memoryMib),
  }
  for (const [label, port] of Object.entries(alloc.ports)) env[`SHOAL_PORT_${label.replaceAll('-', '_')}`] = String(port)
  for (const meta of [body.jobMeta, body.group.meta, task.spec.meta]) {
    for (const [key, value] of Object.entries(meta)) env[`SHOAL_META_${key.replaceAll(/[^A-Za-z0-9_]/g, '_')}`] = value
  }
  return env
}

/** An unknown name stays as it is, as in Nomad: the shell that runs the command may mean something by it. */
function interpolate(text: string, env: Readonly<Record<string, string>>, node: NodeView | undefined): string {
  return text.replaceAll(/\$\{([A-Za-z0-9_.-]+)\}/g, (whole, name: string) => {
    if (Object.hasOwn(env, name)) return env[name] ?? whole
    if (node === undefined) return whole
    if (name === 'node.unique.id') return node.id
    if (name === 'node.unique.name') return node.name
    if (name === 'node.pool') return node.pool
    const [kind, ...rest] = name.split('.')
    const key = rest.join('.')
    if (kind === 'attr' && Object.hasOwn(node.attributes, key)) return node.attributes[key] ?? whole
    if ((kind === 'label' || kind === 'meta') && Object.hasOwn(node.labels, key)) return node.labels[key] ?? whole
    return whole
  })
}

function filled(config: TaskConfig, fill: (text: string) => string): TaskConfig {
  return {
    ...config,
    ...(config.image === undefined ? {} : { image: fill(config.image) }),
    ...(config.command === undefined ? {} : { command: fill(config.command) }),
    ...(config.entrypoint === undefined ? {} : { entrypoint: config.entrypoint.map(fill) }),
    args: config.args.map(fill),
    volumes: config.volumes.map(fill),
  }
}
