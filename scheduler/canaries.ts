// A canary is a second claim of its slot, at the form that waits for its promotion, on another node than the copy that it runs beside
// (docs/adr/0026). So that promotion restarts nothing: from then on the two are claims of one form in force and of an older one. Until
// then each of the two is judged by itself, and this file says which claim belongs to which.

import type { Form, SlotId } from '../crdt/ids.ts'
import type { GroupSpec, JobSpec } from '../crdt/spec.ts'
import type { Canaries, Claim, JobView } from '../crdt/view.ts'

/** Whether a copy at this form in this slot of the group is a canary. */
function isCanaryOf(canaries: Canaries, index: number, form: Form): boolean {
  return form === canaries.form && index < canaries.count
}

export interface Side {
  /** Of the group whose slot it is; null: no version of it waits. */
  readonly canaries: Canaries | null
  /** Which of the two this is about. */
  readonly isCanary: boolean
}

/** Of a slot's claims those that compete with one another. */
export function ownClaims({ canaries, isCanary }: Side, index: number, claims: readonly Claim[]): readonly Claim[] {
  if (canaries === null || claims.length === 0) return claims
  return claims.filter(({ form }) => isCanaryOf(canaries, index, form) === isCanary)
}

export function isCanary(job: JobView, group: string, index: number, form: Form): boolean {
  const canaries = job.canaries?.get(group)
  return canaries !== undefined && isCanaryOf(canaries, index, form)
}

const mark = '/canary'

/** What a node remembers of a slot's canary apart from what it remembers of the slot: it reads as the slot's id with a part more. */
export function canaryKey(slot: SlotId): SlotId {
  return `${slot}${mark}` as SlotId
}

export function isCanaryKey(key: SlotId): boolean {
  return key.endsWith(mark)
}

export function slotOfKey(key: SlotId): SlotId {
  return isCanaryKey(key) ? (key.slice(0, -mark.length) as SlotId) : key
}

export function keyOfSlot({ slot, canary }: { readonly slot: SlotId; readonly canary?: boolean }): SlotId {
  return canary === true ? canaryKey(slot) : slot
}

/** What a copy is made from. */
export interface Edition {
  readonly spec: JobSpec
  readonly group: GroupSpec
  readonly form: Form
}

/** What a copy of the group at that form is to be: as a canary, or else as the version in force says; null: the job wants no such group. */
export function editionOf(job: JobView | undefined, group: string, form?: Form): Edition | null {
  const canaries = job?.canaries?.get(group)
  if (canaries !== undefined && canaries.form === form) return canaries
  const inForce = job?.forms.get(group)
  const own = job?.spec?.groups.find(({ name }) => name === group)
  return job?.spec == null || own === undefined || inForce === undefined ? null : { spec: job.spec, group: own, form: inForce }
}
