// What the answers to checks make of a copy's health and of its tasks, once more and apart from `node/core/allocs/checks.ts`
// (docs/adr/0024): counted from the questions that a board asks and the answers that it gets.

import type { SlotId } from '../../crdt/ids.ts'
import { type CheckSpec, migrateOf } from '../../crdt/spec.ts'
import type { Alloc } from '../../node/core/allocs/alloc.ts'
import type { Effect } from '../../node/core/effect.ts'
import type { CoreEvent } from '../../node/core/event.ts'
import type { CheckOutcome, TaskId } from '../../node/core/ports.ts'
import type { Board } from '../board.ts'
import { recall } from '../interned.ts'
import type { Finding } from './invariants.ts'
import { type SeenStep, clockPart } from './seen-step.ts'

const hourMs = 60 * 60_000
const probation = { baseMs: 1_000, mostMs: 5 * 60_000 }

/** What a check has said since its task was started. */
interface Told {
  readonly spec: CheckSpec
  state: 'pending' | 'passing' | 'failing'
  /** In a row: successes above 0, failures below. */
  streak: number
  /** Failures in a row, later than `grace`. */
  strikes: number
  passingSince: number
}

interface Run {
  /** -Infinity: it ran before this boot. */
  startedAt: number
  readonly told: Map<string, Told>
}

/** A boot of a board. */
interface Boot {
  readonly count: number
  readonly runs: Map<TaskId, Run>
  readonly asked: Map<string, { readonly task: TaskId; readonly check: CheckSpec }>
}

export class Health {
  readonly #boots = new WeakMap<Board, Boot>()
  readonly #before = new WeakMap<Alloc, { readonly isHealthy: boolean; readonly form: string; readonly lapses: readonly number[] }>()

  /** Before anything else of the step is judged. */
  hears(board: Board, event: CoreEvent, effects: readonly Effect[], now: number): void {
    const boot = this.#bootOf(board)
    if (event.kind === 'started' && event.outcome.ok) runOf(boot, event.task).startedAt = now
    if (event.kind === 'checked') {
      const asked = boot.asked.get(event.id)
      const run = asked === undefined ? undefined : boot.runs.get(asked.task)
      if (asked !== undefined && run !== undefined) judge(run, toldOf(run, asked.check), event.outcome, now)
      boot.asked.delete(event.id)
    }
    for (const effect of effects) {
      if (effect.kind === 'start') {
        boot.runs.set(effect.task.id, { startedAt: now, told: new Map() })
        for (const [id, { task }] of boot.asked) if (task === effect.task.id) boot.asked.delete(id)
      }
      if (effect.kind === 'check') {
        const { id, task, check } = effect.request
        toldOf(runOf(boot, task.id), check)
        boot.asked.set(id, { task: task.id, check })
      }
    }
  }

  after({ board, state, now }: SeenStep): Finding[] {
    const boot = this.#bootOf(board)
    const found: Finding[] = []
    for (const alloc of state.allocs.values()) {
      const { form } = alloc.body
      const before = this.#before.get(alloc)
      if (!isAsked(alloc)) {
        if (before !== undefined) this.#before.delete(alloc)
        continue
      }
      forgetOthers(boot, alloc)
      const required = requiredOf(boot, alloc)
      const [failing] = required.filter(({ told }) => told?.state === 'failing')
      const recent = before?.form === form ? before.lapses.filter((at) => now - at < hourMs) : []
      const lapses = before?.isHealthy === true && before.form === form && failing !== undefined ? [...recent, now] : recent
      this.#before.set(alloc, { isHealthy: alloc.healthy, form, lapses })
      const why = alloc.healthy ? this.#whyNotHealthy(alloc, required, before?.isHealthy === false ? lapses : null, now) : null
      if (why !== null) found.push({ rule: 'healthy-by-checks', what: `${board.spec.name} says that ${alloc.slot} is healthy: ${why}` })
    }
    return found
  }

  /** `check_restart`: one of the task's checks has failed so often in a row. */
  mayRestart(board: Board, task: TaskId): boolean {
    const told = this.#bootOf(board).runs.get(task)?.told.values() ?? []
    return [...told].some(({ spec: { checkRestart }, strikes }) => checkRestart.limit > 0 && strikes >= checkRestart.limit)
  }

  /** One of its tasks is stopped for its checks: the copy makes way as one with a crashed task does, with all that still runs of it. */
  stopsCopy(board: Board, slot: SlotId): boolean {
    const tasks = board.core?.state?.allocs.get(slot)?.body.tasks.values() ?? []
    return [...tasks].some(({ id, unfit }) => unfit !== null && this.mayRestart(board, id))
  }

  /** `lapses`: it has only just become healthy; null: it was so before. */
  #whyNotHealthy(alloc: Alloc, required: readonly Required[], lapses: readonly number[] | null, now: number): string | null {
    for (const { name, told } of required) {
      if (told?.state === 'failing') return `check ${name} fails`
      if (lapses === null) continue
      if (told?.state !== 'passing') return `check ${name} has not passed yet`
      const waitMs = lapses.length === 0 ? 0 : Math.min(probation.mostMs, probation.baseMs * 2 ** lapses.length)
      const passedMs = now - told.passingSince
      if (passedMs < Math.max(waitMs, minHealthyMsOf(alloc)) * clockPart)
        return `check ${name} passes for ${passedMs} ms, and has failed ${lapses.length} times`
    }
    return null
  }

  #bootOf(board: Board): Boot {
    const known = this.#boots.get(board)
    if (known?.count === board.boots) return known
    const fresh: Boot = { count: board.boots, runs: new Map(), asked: new Map() }
    this.#boots.set(board, fresh)
    return fresh
  }
}

interface Required {
  readonly name: string
  readonly told: Told | undefined
}

function isAsked({ body }: Alloc): boolean {
  return body.group.tasks.some(({ checks = [] }) => checks.length > 0)
}

function minHealthyMsOf({ body: { group, moves } }: Alloc): number {
  return moves ? migrateOf(group).minHealthyMs : group.update.minHealthyMs
}

/** Checks that the copy's health asks for: none while it takes over from a board that drains, if its `migrate` says so. */
function requiredOf(boot: Boot, { body }: Alloc): Required[] {
  if (body.moves && migrateOf(body.group).healthCheck === 'task_states') return []
  return body.group.tasks.flatMap(({ name, checks = [] }) => {
    const id = body.tasks.get(name)?.id
    const told = id === undefined ? undefined : boot.runs.get(id)?.told
    return checks
      .filter(({ onUpdate }) => onUpdate === 'require_healthy')
      .map((check) => ({ name: check.name, told: told?.get(check.name) }))
  })
}

/** What a check said before it was changed, or while it was gone, does not count. */
function forgetOthers(boot: Boot, { body }: Alloc): void {
  for (const { name, checks = [] } of body.group.tasks) {
    const run = boot.runs.get(body.tasks.get(name)?.id as TaskId)
    for (const [known, { spec }] of run?.told ?? [])
      if (!checks.some((check) => check === spec || isSame(check, spec))) run!.told.delete(known)
  }
}

function isSame(a: CheckSpec, b: CheckSpec): boolean {
  return a.name === b.name && recall(texts, a, textOf) === recall(texts, b, textOf)
}

const texts = new WeakMap<CheckSpec, string>()
const textOf = (spec: CheckSpec): string => JSON.stringify(spec)

function runOf(boot: Boot, task: TaskId): Run {
  const run = boot.runs.get(task) ?? { startedAt: -Infinity, told: new Map<string, Told>() }
  boot.runs.set(task, run)
  return run
}

function toldOf({ told }: Run, spec: CheckSpec): Told {
  const known = told.get(spec.name)
  if (known !== undefined && (known.spec === spec || isSame(known.spec, spec))) return known
  const fresh: Told = { spec, state: 'pending', streak: 0, strikes: 0, passingSince: 0 }
  told.set(spec.name, fresh)
  return fresh
}

function judge({ startedAt }: Run, told: Told, { result }: CheckOutcome, now: number): void {
  const { successBeforePassing, failuresBeforeCritical, checkRestart } = told.spec
  if (result === 'unknown') return
  if (result === 'passed') {
    told.streak = Math.max(0, told.streak) + 1
    told.strikes = 0
    if (told.streak < successBeforePassing || told.state === 'passing') return
    told.state = 'passing'
    told.passingSince = now
    return
  }
  told.streak = Math.min(0, told.streak) - 1
  if (-told.streak >= failuresBeforeCritical) told.state = 'failing'
  if (result === 'failed' && now - startedAt >= checkRestart.graceMs) told.strikes += 1
}
