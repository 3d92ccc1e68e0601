// Carries out what operators do: at one board, with what that board knows. A board that is down or takes no writes does nothing.

import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { faultsHere, pastVersions } from '../../crdt/documents/job-versions.ts'
import { jobPaths, restartPath, specToRegisters, stopGenerationPath } from '../../crdt/documents/job.ts'
import { fleetDocId, jobDocId, jobId, slotId } from '../../crdt/ids.ts'
import { type Registers, difference } from '../../crdt/registers.ts'
import { registersAt } from '../../crdt/replica.ts'
import type { GroupSpec, JobSpec } from '../../crdt/spec.ts'
import { nextPlanVersion } from '../next-agent.ts'
import { type Change, submission } from '../operator.ts'
import { compactJob } from './compaction.ts'
import { chaosCrypto } from './crypto.ts'
import { grantKey, revokeKey, useKey } from './keys.ts'
import { leaveFleet, replaceNode, wishOfNode } from './node-wishes.ts'
import { chaosJobId } from './own-jobs.ts'
import type { ChaosEvent, EventOf } from './plan.ts'
import { put } from './put.ts'
import type { Stage } from './stage.ts'

export function operate(stage: Stage, event: ChaosEvent): void {
  switch (event.kind) {
    case 'run':
      return put(stage, event.via, jobDocId(jobId(event.spec.namespace, event.spec.name)), submission(event.spec))
    case 'scale':
      return edit(stage, event, (spec) => withGroup(spec, { count: event.count }))
    case 'command':
      return edit(stage, event, (spec) => withCommand(spec, event.command))
    case 'desire':
      if (event.desired === 'removed') stage.witness.removed(chaosJobId(event.job))
      return wish(stage, event, () => new Map([[jobPaths.desired, event.desired]]))
    case 'pause-rollouts':
      return wish(stage, event, () => new Map([[jobPaths.paused, event.paused ? true : null]]))
    case 'revert':
      return revert(stage, event)
    case 'alloc-stop':
      return stopAlloc(stage, event)
    case 'alloc-restart': {
      const path = restartPath(groupOf(stage, event), event.index)
      return wish(stage, event, (registers) => new Map([[path, Number(registers.get(path) ?? 0) + 1]]))
    }
    case 'node':
      return wishOfNode(stage, event)
    case 'node-leave':
      return leaveFleet(stage, event)
    case 'node-replace':
      return replaceNode(stage, event)
    case 'compact':
      return compactJob(stage, event)
    case 'key-grant':
      return grantKey(stage, event)
    case 'key-use':
      return useKey(stage, event)
    case 'key-revoke':
      return revokeKey(stage, event)
    case 'raise-plan':
      stage.isPlanRaised = true
      return put(stage, event.via, fleetDocId, () => new Map([[fleetPaths.planVersion, nextPlanVersion]]))
    default:
      return
  }
}

/** Of a job with several groups, the first one's copies are the ones that operators stop and start. */
function groupOf(stage: Stage, event: { readonly via: string; readonly job: string }): string {
  const spec = stage.world.board(event.via).core?.state?.view.jobs.get(chaosJobId(event.job))?.spec
  return spec?.groups[0]?.name ?? 'g'
}

/** A wish about a job that the board knows. */
function wish(stage: Stage, event: { readonly via: string; readonly job: string }, change: Change): void {
  const board = stage.world.board(event.via)
  if (board.core?.state?.view.jobs.has(chaosJobId(event.job)) === true) put(stage, event.via, jobDocId(chaosJobId(event.job)), change)
}

/** As `job run` with a file that was edited: the specification in force there, with one change. */
function edit(stage: Stage, event: { readonly via: string; readonly job: string }, change: (spec: JobSpec) => JobSpec): void {
  const spec = stage.world.board(event.via).core?.state?.view.jobs.get(chaosJobId(event.job))?.spec
  if (spec == null) return
  const [before, after] = [specToRegisters(spec), specToRegisters(change(spec))]
  wish(stage, event, () => new Map([...after].filter(([path, value]) => before.get(path) !== value)))
}

function revert(stage: Stage, event: EventOf<'revert'>): void {
  const { state } = stage.world.board(event.via).core ?? {}
  const doc = state?.docs.get(jobDocId(chaosJobId(event.job)))
  if (doc === undefined) return
  const specOf = (registers: Registers): Registers => new Map([...registers].filter(([path]) => path.startsWith('spec/')))
  for (const { change } of pastVersions(chaosCrypto, doc)) {
    const registers = registersAt(doc, [change])
    const changes = difference(specOf(doc.registers), specOf(registers))
    if (changes.size === 0 || faultsHere(chaosCrypto, registers, doc).faults.length > 0) continue
    return wish(stage, event, () => changes)
  }
}

function withGroup(spec: JobSpec, change: Partial<GroupSpec>): JobSpec {
  return { ...spec, groups: spec.groups.map((group) => ({ ...group, ...change })) }
}

function withCommand(spec: JobSpec, command: string): JobSpec {
  const groups = spec.groups.map((group) => ({
    ...group,
    tasks: group.tasks.map((task) => ({ ...task, config: { ...task.config, command } })),
  }))
  return { ...spec, groups }
}

function stopAlloc(stage: Stage, event: EventOf<'alloc-stop'>): void {
  const { state } = stage.world.board(event.via).core ?? {}
  const claims = state?.view.claims.get(slotId(chaosJobId(event.job), groupOf(stage, event), event.index)) ?? []
  const newest = Math.max(0, ...claims.map((claim) => claim.generation))
  if (newest > 0) wish(stage, event, () => new Map([[stopGenerationPath(groupOf(stage, event), event.index), newest]]))
}
