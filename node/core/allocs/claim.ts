// An allocation as the claim that the node's document carries, and back at boot. The body (which form, which tasks) does not
// fit a claim: it is kept beside it in a record of this board's own store, written in the same batch.

import type { NodeId, SlotId } from '../../../crdt/ids.ts'
import { type GroupSpec, resourcesAtOnce } from '../../../crdt/spec.ts'
import { type Claim, type JobVersion, type Resources, type TaskStatus, hasEnded } from '../../../crdt/view.ts'
import type { Step } from '../state.ts'
import type { Alloc, Body, Ending, TaskRun } from './alloc.ts'
import { type HeldDevice, heldKeys } from './devices.ts'
import type { Given } from './templates.ts'

export const allocKey = (slot: SlotId): string => `meta/alloc/${slot}`

export function claimOf(alloc: Alloc, self: NodeId): Claim {
  const tasks: Record<string, TaskStatus> = {}
  for (const [name, task] of alloc.body.tasks) tasks[name] = statusOf(task)
  return {
    slot: alloc.slot,
    node: self,
    alloc: alloc.alloc,
    generation: alloc.generation,
    version: alloc.body.version,
    form: alloc.body.form,
    state: alloc.state,
    healthy: alloc.healthy,
    reason: alloc.reason,
    startedAt: alloc.startedAt,
    restarts: alloc.restarts,
    restartSeen: alloc.restartSeen,
    ports: { ...alloc.ports },
    ...(hasEnded(alloc) ? {} : { resources: heldBy(alloc), ...devicesTold(alloc), ...displacedTold(alloc) }),
    tasks,
    over: alloc.over,
    lost: alloc.lost,
  }
}

/**
 * An ended claim stays for as long as its slot may be filled again, so it keeps only what others still read: that the generation
 * was used, what came of it, marks, and what `alloc status` lists. Of the tasks, those that failed; of the rivals, those whose generation is
 * higher.
 */
export function endedClaim(claim: Claim): Claim {
  const over = new Map([...claim.over].filter(([, generation]) => generation > claim.generation))
  const { resources: _freed, devices: _given, displaces: _ended, ...rest } = claim
  const failed = Object.entries(claim.tasks).filter(([, task]) => task.failed)
  return { ...rest, healthy: false, ports: {}, tasks: Object.fromEntries(failed), over }
}

function devicesTold(alloc: Alloc): Pick<Claim, 'devices'> {
  const devices = heldKeys(alloc)
  return devices.length === 0 ? {} : { devices }
}

function displacedTold({ displaces }: Alloc): Pick<Claim, 'displaces'> {
  return displaces.size === 0 ? {} : { displaces }
}

/** What it holds of the board: a job that shrinks frees nothing before the tasks of the former form are gone. */
export function heldBy({ body, heldBefore }: Alloc): Resources {
  const { cpuMhz, memoryMib } = resourcesAtOnce(body.group.tasks)
  const { diskMib } = body.group
  if (heldBefore === null) return { cpuMhz, memoryMib, diskMib }
  return {
    cpuMhz: Math.max(cpuMhz, heldBefore.cpuMhz),
    memoryMib: Math.max(memoryMib, heldBefore.memoryMib),
    diskMib: Math.max(diskMib, heldBefore.diskMib),
  }
}

function statusOf(task: TaskRun): TaskStatus {
  const state = task.phase === 'running' || task.phase === 'stopping' ? 'running' : task.phase === 'dead' ? 'dead' : 'pending'
  return { state, restarts: task.restarts, event: task.event, failed: task.failed }
}

/** What a restarted agent must know of an allocation beyond its claim. */
export interface BodyRecord {
  readonly version: JobVersion
  readonly form: string
  /** Missing in those of agents that did not count. */
  readonly updates?: number
  readonly pool: string
  readonly jobMeta: Readonly<Record<string, string>>
  readonly variables?: Readonly<Record<string, string>>
  readonly payload?: string
  readonly group: GroupSpec
  readonly runsOnce?: true
  readonly moves?: true
  /** Tasks with a lifecycle that are not to run again. */
  readonly done?: readonly string[]
  /** By task, of those with templates: what its files are, by hash (`Given`). */
  readonly given?: Readonly<Record<string, Given['hashes']>>
  /** As in `Body`. */
  readonly begun?: true
  /** It is on its way out, and how it ends: said where that takes several steps. */
  readonly ending?: Ending
  /** What it ran before its last update, while that is on its way out in several steps. */
  readonly former?: BodyRecord
  /** What the copy has of the board's devices, and where its tasks were told to find them (`readHeldDevices`). */
  readonly devices?: readonly HeldDevice[]
  readonly devicesBefore?: readonly HeldDevice[]
}

/** Remembers the body beside the claim; persisted before anything that follows from it. */
export function persistBody({ out, state }: Step, alloc: Alloc): void {
  out.push({ kind: 'persist', writes: [{ key: allocKey(alloc.slot), value: encodeBody(alloc) }], sync: true })
  state.ownStale = true
}

function encodeBody({ body, former, ending, devices, devicesBefore }: Alloc): Uint8Array {
  const record: BodyRecord = {
    ...recordOf(body),
    ...(ending === null ? {} : { ending }),
    ...(former === null ? {} : { former: recordOf(former) }),
    ...(devices.length === 0 ? {} : { devices }),
    ...(devicesBefore.length === 0 ? {} : { devicesBefore }),
  }
  return new TextEncoder().encode(JSON.stringify(record))
}

function recordOf({ version, form, updates, pool, jobMeta, variables, payload, group, runsOnce, moves, begun, tasks }: Body): BodyRecord {
  const given = [...tasks].flatMap(([name, task]) => (task.given === null ? [] : [[name, task.given.hashes] as const]))
  const done = [...tasks.values()]
    .filter((task) => task.spec.lifecycle !== undefined && task.phase === 'dead')
    .map((task) => task.spec.name)
  return {
    version,
    form,
    updates,
    pool,
    jobMeta,
    ...(variables && { variables }),
    ...(payload === undefined ? {} : { payload }),
    group,
    ...(runsOnce ? { runsOnce } : {}),
    ...(moves ? { moves } : {}),
    ...(begun ? { begun } : {}),
    ...(given.length === 0 ? {} : { given: Object.fromEntries(given) }),
    ...(done.length === 0 ? {} : { done }),
  }
}

/** Written by this program under a checksum: what does not parse is treated as absent. */
export function decodeBody(bytes: Uint8Array): BodyRecord | undefined {
  try {
    const record = JSON.parse(new TextDecoder().decode(bytes)) as BodyRecord
    return typeof record.form === 'string' && Array.isArray(record.group?.tasks) ? record : undefined
  } catch {
    return undefined
  }
}
