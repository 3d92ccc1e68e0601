// The slots of a plan by job, group and index. A plan is made again at every change: this is put together from what the jobs have
// already, and not slot by slot.

import { type JobId, type SlotId, slotParts } from '../crdt/ids.ts'
import type { SlotPlan } from './types.ts'

export class SlotTable {
  readonly #jobs: ReadonlyMap<JobId, readonly (readonly SlotPlan[])[]>

  /** For every job the slots of its groups, by index. */
  constructor(jobs: ReadonlyMap<JobId, readonly (readonly SlotPlan[])[]>) {
    this.#jobs = jobs
  }

  get(slot: SlotId): SlotPlan | undefined {
    const { job, group, index } = slotParts(slot)
    const found = this.#jobs.get(job)?.find((slots) => slots[0]?.group === group)?.[index]
    return found?.slot === slot ? found : undefined
  }

  has(slot: SlotId): boolean {
    return this.get(slot) !== undefined
  }

  /** As the job names its groups, and by index. */
  ofJob(job: JobId): readonly SlotPlan[] {
    return this.#jobs.get(job)?.flat() ?? []
  }
}
