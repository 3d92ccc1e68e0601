// What ended allocations leave on the board: containers and log folders. They stay for `alloc logs`, a bounded number of them, and
// go then, also when the agent was restarted in between: drivers tell only of what runs, so the store remembers the rest.

import type { AllocId, SlotId } from '../../../crdt/ids.ts'
import { coreLimits } from '../limits.ts'
import type { StoreRecords } from '../event.ts'
import type { StoreWrite, TaskId } from '../ports.ts'
import type { State, Step } from '../state.ts'
import type { Alloc, TaskRun } from './alloc.ts'

export interface Remains {
  readonly slot: SlotId
  readonly alloc: AllocId
  readonly tasks: readonly { readonly name: string; readonly id: TaskId; readonly driver: TaskRun['spec']['driver'] }[]
  /** Wall ms: the order in which they go. */
  readonly endedAt: number
}

const prefix = 'meta/finished/'
const finishedKey = (alloc: AllocId): string => `${prefix}${alloc}`

export function remainsOf(alloc: Alloc): Remains {
  const tasks = [...alloc.body.tasks.values()].map(({ id, spec }) => ({ name: spec.name, id, driver: spec.driver }))
  return { slot: alloc.slot, alloc: alloc.alloc, tasks, endedAt: alloc.endedAt }
}

/** To be written in the batch that forgets the allocation itself: one of the two records always says what is on the board. */
export function keepRemains(state: State, alloc: Alloc): StoreWrite {
  const remains = remainsOf(alloc)
  // The same allocation may end twice: its job was removed and wanted again.
  state.finished = [...state.finished.filter((other) => other.alloc !== alloc.alloc), remains]
  return { key: finishedKey(alloc.alloc), value: new TextEncoder().encode(JSON.stringify(remains)) }
}

/** At boot. Whoever comes from another pool keeps nothing of it. */
export function readRemains(step: Step, records: StoreRecords, kept: number): void {
  const { state } = step
  const found = records.flatMap(([key, bytes]) => (key.startsWith(prefix) ? decode(bytes) : []))
  state.finished = found.sort((a, b) => a.endedAt - b.endedAt || (a.alloc < b.alloc ? -1 : 1))
  removeOldest(step, kept)
}

export function removeOldest(step: Step, kept: number = coreLimits.finishedAllocsMax): void {
  const { state } = step
  while (state.finished.length > kept) removeRemains(step, state.finished[0]!)
}

export function removeRemains(step: Step, remains: Remains): void {
  const { state, out } = step
  state.finished = state.finished.filter((other) => other !== remains)
  removeTasks(step, remains)
  out.push({ kind: 'persist', writes: [{ key: finishedKey(remains.alloc), value: null }], sync: false })
}

/** A job that was removed and is wanted again may run under the same ids: those stay. */
export function removeTasks(step: Step, { slot, alloc, tasks }: Pick<Remains, 'slot' | 'alloc' | 'tasks'>): void {
  if (step.state.allocs.get(slot)?.alloc === alloc) return
  for (const { id, driver } of tasks) step.out.push({ kind: 'remove', task: id, driver })
}

/** Written by this program under a checksum: what does not parse is treated as absent. */
function decode(bytes: Uint8Array): Remains[] {
  try {
    const remains = JSON.parse(new TextDecoder().decode(bytes)) as Remains
    return typeof remains.alloc === 'string' && Array.isArray(remains.tasks) ? [remains] : []
  } catch {
    return []
  }
}
