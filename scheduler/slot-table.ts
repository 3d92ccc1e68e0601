// The slots of a plan by job, group and index. A plan is made again at every change: slots are looked up where the judgement of their
// group keeps them, and the list of all is put together when somebody asks for it.

import { type JobId, type SlotId, slotParts } from '../crdt/ids.ts'
import type { Claim } from '../crdt/view.ts'
import { canaryKey, slotOfKey } from './canaries.ts'
import type { Judged } from './judged.ts'
import type { SlotPlan } from './types.ts'

export class SlotTable {
  readonly #judged: ReadonlyMap<JobId, readonly Judged[]>
  readonly #order: readonly JobId[]
  #all: readonly SlotPlan[] | null = null

  /** `order`: of the jobs that want slots. */
  constructor(judged: ReadonlyMap<JobId, readonly Judged[]>, order: readonly JobId[]) {
    this.#judged = judged
    this.#order = order
  }

  /** By the slot's id, or the key of its canary. */
  get(key: SlotId): SlotPlan | undefined {
    const slot = slotOfKey(key)
    const { job, group, index } = slotParts(slot)
    const judged = this.#judged.get(job)?.find(({ rules }) => rules.group.name === group && rules.isCanary === (slot !== key))
    const found = judged?.slots[judged.places === null ? index : (judged.places.get(slot) ?? -1)]
    return found?.slot === slot ? found : undefined
  }

  /** What a claim of that form is about: the slot's canary, or the slot. */
  of({ slot, form }: Pick<Claim, 'slot' | 'form'>): SlotPlan | undefined {
    const canary = this.get(canaryKey(slot))
    return canary?.form === form ? canary : this.get(slot)
  }

  has(slot: SlotId): boolean {
    return this.get(slot) !== undefined
  }

  /** As the job names its groups, and by index; canaries after them. */
  ofJob(job: JobId): readonly SlotPlan[] {
    return (this.#judged.get(job) ?? []).flatMap(({ slots }) => slots)
  }

  get all(): readonly SlotPlan[] {
    return (this.#all ??= this.#order.flatMap((job) => this.ofJob(job)))
  }
}
