// Allocations as rows for people: every claim of the view, with what its node's silence makes of it.

import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import { compareText, slotParts } from '../../../crdt/ids.ts'
import type { AllocDetail, AllocRow } from '../../../crdt/api-jobs.ts'
import { type Claim, type JobVersion, hasEnded } from '../../../crdt/view.ts'
import type { State } from '../state.ts'
import { checkCount } from './checks.ts'

export function versionText(version: JobVersion): string {
  return `${version.epoch}.${version.count}.${version.hash.slice(0, 8)}`
}

export function allocRow(state: State, claim: Claim): AllocRow {
  const node = state.view.nodes.get(claim.node)
  const slot = state.plan?.bySlot.of(claim)
  const standing = slot?.standing
  const isUnknown = standing?.unknown.some((other) => other.node === claim.node) === true
  return {
    alloc: claim.alloc,
    slot: claim.slot,
    node: claim.node,
    nodeName: node?.name ?? '',
    nodeLiveness: node?.liveness ?? 'unheard',
    generation: claim.generation,
    version: versionText(claim.version),
    state: isUnknown && !hasEnded(claim) ? 'unknown' : claim.state,
    healthy: claim.healthy,
    holder: standing?.holder?.node === claim.node && standing.holder.generation === claim.generation,
    ...(slot?.canary === true ? { canary: true } : {}),
    reason: claim.reason,
    restarts: claim.restarts,
    startedAt: claim.startedAt,
  }
}

export function allocRows(state: State): AllocRow[] {
  return [...state.view.claims.values()]
    .flat()
    .map((claim) => allocRow(state, claim))
    .sort(byPlace)
}

/** Index 10 after index 9, the newest generation first. */
export function byPlace(a: AllocRow, b: AllocRow): number {
  const [left, right] = [slotParts(a.slot as never), slotParts(b.slot as never)]
  return (
    compareText(left.job, right.job) ||
    compareText(left.group, right.group) ||
    left.index - right.index ||
    b.generation - a.generation ||
    compareText(a.node, b.node)
  )
}

/** By unique prefix of the allocation's id. */
export function resolveAlloc(state: State, text: string): Result<Claim, 'E_ALLOC_UNKNOWN' | 'E_AMBIGUOUS'> {
  const found = text === '' ? [] : [...state.view.claims.values()].flat().filter((claim) => claim.alloc.startsWith(text))
  const [first, second] = found
  if (first === undefined) return refuse('E_ALLOC_UNKNOWN', `no allocation's id begins with '${text.slice(0, 64)}'`)
  if (second !== undefined)
    return refuse(
      'E_AMBIGUOUS',
      `'${text}' fits ${found.length} allocations: ${found
        .slice(0, 5)
        .map((claim) => claim.alloc)
        .join(', ')}`,
    )
  return ok(first)
}

/** A board knows of its own tasks what its driver is doing right now. */
function withProgress(state: State, claim: Claim): Claim['tasks'] {
  const alloc = state.allocs.get(claim.slot)
  if (alloc?.alloc !== claim.alloc) return claim.tasks
  const told = [...Object.entries(claim.tasks)].map(([name, status]) => {
    const progress = (alloc.next ?? alloc.body).tasks.get(name)?.progress ?? ''
    return [name, progress === '' ? status : { ...status, event: progress }] as const
  })
  return Object.fromEntries(told)
}

export function allocDetail(state: State, claim: Claim): AllocDetail {
  const checks = checkCount(state, claim)
  return {
    ...allocRow(state, claim),
    ports: claim.ports,
    ...(claim.devices && { devices: claim.devices }),
    tasks: withProgress(state, claim),
    form: claim.form,
    over: [...claim.over].sort(([a], [b]) => compareText(a, b)).map(([node, generation]) => ({ node, generation })),
    ...(claim.displaces && { displaces: [...claim.displaces.keys()].sort(compareText) }),
    ...(checks === 0 ? {} : { checkCount: checks }),
    ...lifecycleOf(state, claim),
  }
}

function lifecycleOf({ view }: State, { slot }: Claim): Pick<AllocDetail, 'lifecycle'> {
  const { job, group } = slotParts(slot)
  const tasks = view.jobs.get(job)?.spec?.groups.find(({ name }) => name === group)?.tasks ?? []
  const said = tasks.flatMap(({ name, lifecycle, leader }): [string, string][] => {
    if (leader === true) return [[name, 'leader']]
    return lifecycle === undefined ? [] : [[name, lifecycle.sidecar ? `${lifecycle.hook} sidecar` : lifecycle.hook]]
  })
  return said.length === 0 ? {} : { lifecycle: Object.fromEntries(said) }
}
