// `restart` and `reschedule`: a task that ended starts again only after its delay and not more often than its group allows, and a copy
// that failed is claimed anew only after its own.

import type { SlotId } from '../../crdt/ids.ts'
import { slotParts } from '../../crdt/ids.ts'
import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import type { Finding } from './invariants.ts'
import { type SeenStep, clockPart } from './seen-step.ts'

const failed = /^(\S+) failed here \(generation (\d+)\)/
const claimed = /^claimed (\S+) /

export class Delays {
  /** Boot and task → when it ended by itself, on its board's clock. */
  readonly #ended = new Map<string, number>()
  /** Boot and task: started in this boot and not told to stop. */
  readonly #running = new Set<string>()
  /** Boot and task: told to stop, maybe while it was still being started. */
  readonly #toStop = new Set<string>()
  /** Boot and allocation at a form → when its tasks were started again. */
  readonly #again = new Map<string, number[]>()
  /** Slot → its newest failure, virtual ms. */
  readonly #failed = new Map<SlotId, { readonly generation: number; readonly at: number; readonly form: string | undefined }>()

  /** Slots, generations and forms of all failures. */
  readonly #known = new Set<string>()

  after({ board, state, event, effects, now }: SeenStep): Finding[] {
    const found: Finding[] = []
    const boot = `${board.spec.name} ${board.boots}`
    // A driver tells of the end of what it was told to stop, too, and of what ended before this boot: those are no failures now.
    if (event.kind === 'started' && event.outcome.ok && !this.#toStop.has(`${boot} ${event.task}`))
      this.#running.add(`${boot} ${event.task}`)
    if (event.kind === 'exited' && this.#running.delete(`${boot} ${event.task}`)) this.#ended.set(`${boot} ${event.task}`, now)
    for (const effect of effects) {
      if (effect.kind === 'stop') {
        this.#running.delete(`${boot} ${effect.task}`)
        this.#toStop.add(`${boot} ${effect.task}`)
      }
      if (effect.kind !== 'start') continue
      const { id, alloc, form, slot } = effect.task
      this.#toStop.delete(`${boot} ${id}`)
      this.#formBegins(`${boot} ${alloc}`, form)
      const endedAt = this.#ended.get(`${boot} ${id}`)
      const restart = state.allocs.get(slot)?.body.group.restart
      if (endedAt === undefined || restart === undefined) continue
      this.#ended.delete(`${boot} ${id}`)
      const times = this.#again.get(`${boot} ${alloc} ${form}`) ?? []
      const recent = [...times.filter((time) => now - time < restart.intervalMs), now]
      this.#again.set(`${boot} ${alloc} ${form}`, recent)
      if (now - endedAt < restart.delayMs)
        found.push({ rule: 'restarted-as-agreed', what: `${board.spec.name} starts ${slot} ${now - endedAt} ms after it ended` })
      if (restart.mode === 'fail' && recent.length > restart.attempts)
        found.push({
          rule: 'restarted-as-agreed',
          what: `${board.spec.name} starts ${slot} again, ${recent.length} times of ${restart.attempts}`,
        })
    }
    return found
  }

  /** What an update replaced counts no more, also when a later one goes back to it. */
  #formBegins(copy: string, form: string): void {
    for (const task of this.#ended.keys())
      if (task.startsWith(`${copy}.`) && !task.startsWith(`${copy}.${form.slice(0, 8)}.`)) this.#ended.delete(task)
    for (const known of this.#again.keys()) if (known.startsWith(`${copy} `) && known !== `${copy} ${form}`) this.#again.delete(known)
  }

  /** What is made anew of that name may fail with the same generation. */
  removed(job: string): void {
    for (const slot of this.#failed.keys()) if (slotParts(slot).job === job) this.#failed.delete(slot)
    for (const key of this.#known) if (key.startsWith(`${job}/`)) this.#known.delete(key)
  }

  /** From the log of a board. */
  note(board: Board, state: State, message: string, virtualNow: number): void {
    this.#noteFailure(state, message, virtualNow)
    const [, slot] = claimed.exec(message) ?? []
    const alloc = slot === undefined ? undefined : state.allocs.get(slot as SlotId)
    // A job that was removed and is run again begins again: with the same generation a claim has the same name.
    if (alloc !== undefined) this.#copyBegins(`${board.spec.name} ${board.boots} ${alloc.alloc}`)
  }

  #copyBegins(copy: string): void {
    for (const task of this.#ended.keys()) if (task.startsWith(`${copy}.`)) this.#ended.delete(task)
    for (const known of this.#again.keys()) if (known.startsWith(`${copy} `)) this.#again.delete(known)
  }

  #noteFailure(state: State, message: string, virtualNow: number): void {
    const [, slot, generation] = failed.exec(message) ?? []
    if (slot === undefined) return
    const { job, group } = slotParts(slot as SlotId)
    const failure = { generation: Number(generation), at: virtualNow, form: state.view.jobs.get(job)?.forms.get(group) }
    // With an older disk in it a board may fail once more with the same copy, also after later ones: whoever has heard of that waits already.
    const key = `${slot} ${failure.generation} ${failure.form}`
    if (!this.#known.has(key)) this.#failed.set(slot as SlotId, failure)
    this.#known.add(key)
  }

  /** Why the slot ought not to be claimed with this generation yet; null: it may. The board must have heard of the failure, and of no later try. */
  whyNotClaimed(state: State, slot: SlotId, generation: number, virtualNow: number): string | null {
    const failure = this.#failed.get(slot)
    const { job, group } = slotParts(slot)
    const view = state.view.jobs.get(job)
    const policy = view?.spec?.groups.find((one) => one.name === group)?.reschedule
    if (failure === undefined || policy === undefined || failure.form !== view?.forms.get(group)) return null
    const hasHeard = (state.view.claims.get(slot) ?? []).some(
      (claim) => claim.generation === failure.generation && claim.state === 'failed' && claim.form === failure.form,
    )
    const waited = virtualNow - failure.at
    if (!hasHeard || generation !== failure.generation + 1 || waited >= policy.delayMs * clockPart) return null
    return `generation ${failure.generation} failed ${waited} ms ago, and reschedule waits ${policy.delayMs} ms`
  }
}
