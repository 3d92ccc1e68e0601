// A claim being carried out on this node: its tasks, waits and the in-place update under way. Plain mutable data owned by the
// core; `lifecycle.ts` moves it, `claim.ts` writes it down.

import type { AllocId, Form, Generation, NodeId, SlotId } from '../../../crdt/ids.ts'
import { type GroupSpec, type JobSpec, type TaskSpec, isMain, isRunOnce } from '../../../crdt/spec.ts'
import type { ClaimState, JobVersion, NodeView, Resources } from '../../../crdt/view.ts'
import type { Edition } from '../../../scheduler/canaries.ts'
import type { TaskId } from '../ports.ts'
import type { HeldDevice } from './devices.ts'
import { type Checks, createChecks } from './checks.ts'
import type { Given } from './templates.ts'

/**
 * pending: nothing done. preparing: image being fetched. ready: may be started. starting, running: as they say.
 * waiting: ended, and starts again at `retryAt`. stopping: signalled. dead: over.
 */
export type TaskPhase = 'pending' | 'preparing' | 'ready' | 'starting' | 'running' | 'waiting' | 'stopping' | 'dead'

export interface TaskRun {
  readonly id: TaskId
  spec: TaskSpec
  phase: TaskPhase
  restarts: number
  event: string
  /** What the driver says while it prepares, for those who ask this board; never in a document. */
  progress: string
  failed: boolean
  /** When to prepare or start again; null: no wait. */
  retryAt: number | null
  pullTries: number
  portTries: number
  /** When its driver was first found down; null: it answers. */
  driverDownSince: number | null
  /** Stopped on an operator's wish: goes on to `ready` when it has stopped. */
  again: boolean
  /** Stopped because of a check, and which, or because it did not end: it has failed when it has stopped. null: it was not. */
  unfit: string | null
  /** When to tell it to end, its turn having come; null: that has not. */
  stopAt: number | null
  /** The image that was last fetched for it, its name filled in; null: none, or not by this agent. */
  image: string | null
  /** What the task was told when it was last started; null: not by this agent. */
  facts: Facts | null
  /** The files that it has, if it has templates; null: it has none, or nobody knows. */
  given: Given | null
}

/** What a job's texts can name that may change while a task runs: of the board, and the job's variables. */
export type Facts = Pick<NodeView, 'id' | 'name' | 'pool' | 'attributes' | 'labels'> & Pick<JobSpec, 'variables'>

/** One form of the group, made ready to run: the specification at the version that the claim carries. */
export interface Body {
  version: JobVersion
  readonly form: Form
  /** How many updates in place of this claim came before it. */
  updates: number
  readonly pool: string
  readonly jobMeta: Readonly<Record<string, string>>
  /** As in the job: changed in place. */
  variables?: Readonly<Record<string, string>>
  /** Base64, of a job that was dispatched with one. */
  readonly payload?: string
  group: GroupSpec
  /** Its tasks are done when they end well (`isRunOnce`). */
  runsOnce: boolean
  /** Begun in the place of a copy on a node that drains: until it has taken over, `migrate` says what its health takes. */
  moves: boolean
  readonly tasks: Map<string, TaskRun>
  /** Something of it has been started: its poststop tasks are due when it ends. Kept only where there are such. */
  begun: boolean
}

export interface Alloc {
  readonly slot: SlotId
  readonly alloc: AllocId
  readonly generation: Generation
  body: Body
  /** The next form while it is being prepared; what runs goes on meanwhile. */
  next: Body | null
  /** Tasks of the former form that must be gone before the new ones start, its poststop tasks among them. */
  leaving: Map<TaskId, TaskRun>
  /** The former form, where its tasks go in an order; null: it has none, or is gone. */
  former: Body | null
  /** Nothing is told to end before: the group's `shutdown_delay`. */
  stopFrom: number
  /** What the claim held before: it holds as much until they are gone. */
  heldBefore: Resources | null
  /** For all tasks of the body, in order of tasks and requests. */
  devices: readonly HeldDevice[]
  /** Those of the former form, until its tasks are gone. */
  devicesBefore: readonly HeldDevice[]
  /** Since when its start waits for devices; null: it does not. */
  devicesAwaitedSince: number | null
  /** Copies of this board that end before it starts: slot → generation. */
  displaces: ReadonlyMap<SlotId, Generation>
  /** Since when it is ready and waits for them; null: it does not. */
  roomAwaitedSince: number | null
  state: ClaimState
  /** Until when a fresh claim waits for better ones to show up; null: the wait is over, and only a change of the view matters. */
  settleUntil: number | null
  healthy: boolean
  /** When all tasks began to run, for health; null: not all of them do. */
  runningSince: number | null
  /** When this form was first started, for the healthy deadline. */
  formStartedAt: number | null
  reason: string
  /** Wall ms of the first start at this generation. */
  startedAt: number
  restarts: number
  restartSeen: number
  /** Times (monotonic) of restarts within the policy's interval. */
  restartTimes: number[]
  checks: Checks
  ports: Record<string, number>
  over: ReadonlyMap<NodeId, Generation>
  lost: ReadonlyMap<NodeId, Generation>
  /** How it ends once its tasks are gone. */
  ending: Ending | null
  /** Wall ms of its end, for `alloc status`. */
  endedAt: number
}

export interface Ending {
  readonly state: 'stopped' | 'failed' | 'withdrawn' | 'complete'
  readonly reason: string
}

export function taskId(alloc: AllocId, form: Form, task: string): TaskId {
  return `${alloc}.${form.slice(0, 8)}.${task}`
}

/** What a copy keeps of the version that it is made from. */
type BodyParts = Pick<Body, 'form' | 'pool' | 'jobMeta' | 'variables' | 'payload' | 'group' | 'runsOnce'>

export function bodyParts({ spec, group, form }: Edition): BodyParts {
  return { form, group, ...partsOfJob(spec) }
}

/** What the copies of all its groups have in common. */
function partsOfJob(spec: JobSpec): Pick<Body, 'pool' | 'jobMeta' | 'variables' | 'payload' | 'runsOnce'> {
  const { pool, meta: jobMeta, variables, dispatched: { payload } = {} } = spec
  return { pool, jobMeta, ...(variables && { variables }), ...(payload === undefined ? {} : { payload }), runsOnce: isRunOnce(spec) }
}

export function createBody(
  input: BodyParts & Pick<Body, 'version' | 'updates'> & { readonly alloc: AllocId; readonly moves?: boolean },
): Body {
  const tasks = new Map<string, TaskRun>()
  for (const spec of input.group.tasks) {
    const task = createTask(taskId(input.alloc, input.form, spec.name), spec, 'pending')
    tasks.set(spec.name, { ...task, event: waitWords(spec, input.group) })
  }
  const { version, form, updates, pool, jobMeta, variables, payload, group, runsOnce, moves = false } = input
  return {
    version,
    form,
    updates,
    pool,
    jobMeta,
    ...(variables && { variables }),
    ...(payload === undefined ? {} : { payload }),
    group,
    runsOnce,
    moves,
    tasks,
    begun: false,
  }
}

/** What `alloc status` says of a task that has not been started. */
function waitWords({ lifecycle }: TaskSpec, { tasks }: GroupSpec): string {
  if (lifecycle?.hook === 'poststop') return 'waits until the others have ended'
  if (lifecycle?.hook === 'poststart') return 'waits for the main tasks'
  return lifecycle === undefined && tasks.some((task) => task.lifecycle?.hook === 'prestart') ? 'waits for prestart' : ''
}

export function createTask(id: TaskId, spec: TaskSpec, phase: TaskPhase): TaskRun {
  return {
    id,
    spec,
    phase,
    restarts: 0,
    event: '',
    progress: '',
    failed: false,
    retryAt: null,
    pullTries: 0,
    portTries: 0,
    driverDownSince: null,
    again: false,
    unfit: null,
    stopAt: null,
    image: null,
    facts: null,
    given: null,
  }
}

export function createAlloc(input: {
  readonly slot: SlotId
  readonly alloc: AllocId
  readonly generation: Generation
  readonly body: Body
  readonly settleUntil: number | null
  readonly lost: ReadonlyMap<NodeId, Generation>
}): Alloc {
  return {
    slot: input.slot,
    alloc: input.alloc,
    generation: input.generation,
    body: input.body,
    next: null,
    leaving: new Map(),
    former: null,
    stopFrom: 0,
    heldBefore: null,
    devices: [],
    devicesBefore: [],
    devicesAwaitedSince: null,
    displaces: new Map(),
    roomAwaitedSince: null,
    state: 'claimed',
    settleUntil: input.settleUntil,
    healthy: false,
    runningSince: null,
    formStartedAt: null,
    reason: '',
    startedAt: 0,
    restarts: 0,
    restartSeen: 0,
    restartTimes: [],
    checks: createChecks(),
    ports: {},
    over: new Map(),
    lost: input.lost,
    ending: null,
    endedAt: 0,
  }
}

/** Something of the task may still be alive on the board. */
export function isActive(task: TaskRun): boolean {
  return task.phase === 'starting' || task.phase === 'running' || task.phase === 'stopping'
}

/** It ended well, and is not run again. While their copy goes on, only tasks of jobs that run once, and momentary ones, are ever so. */
export function isDone({ phase, failed }: TaskRun): boolean {
  return phase === 'dead' && !failed
}

/** While one of these does not run its copy does not: main tasks, and sidecars that began before them. */
export function carriesCopy({ spec }: TaskRun): boolean {
  return isMain(spec) || (spec.lifecycle?.hook === 'prestart' && spec.lifecycle.sidecar)
}

/** Every task that carries the copy runs if it is not done, and one does. */
export function isUp({ tasks, runsOnce }: Body): boolean {
  const all = [...tasks.values()].filter(carriesCopy)
  return all.every((task) => task.phase === 'running' || (runsOnce && isDone(task))) && all.some((task) => task.phase === 'running')
}

export function allTasks(body: Body, phase: TaskPhase): boolean {
  for (const task of body.tasks.values()) if (task.phase !== phase) return false
  return true
}
