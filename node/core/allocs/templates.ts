// The files of a task that were made from templates, and what follows when they would read otherwise while it runs: they are written anew
// and the task gets its signal, or it is restarted and finds them. What a task has is remembered on disk before it starts, and again once it
// has been told of a change: an agent that dies in between tells it once more, and none that starts again tells it without need.

import { canonicalText, isSame, shortHash } from '../../../crdt/documents/canonical.ts'
import type { TemplateSpec } from '../../../crdt/given-files.ts'
import type { NodeView } from '../../../crdt/view.ts'
import type { Outcome } from '../event.ts'
import { coreLimits } from '../limits.ts'
import type { TaskRequest } from '../ports.ts'
import { nextBelow } from '../random.ts'
import { type Step, note } from '../state.ts'
import type { Alloc, TaskRun } from './alloc.ts'
import { persistBody } from './claim.ts'
import { boardHere, filledOf, lackOf } from './request.ts'
import { restartForTemplate } from './stopping.ts'

type Hashes = Readonly<Record<string, string>>

export interface Given {
  /** By destination: of the text that the task has, and was told of. */
  hashes: Hashes
  /** The same before the start that is on its way; null: none is. */
  before: Hashes | null
  /** Restarted for a change of them, monotonic ms; null: not by this agent. */
  restartedAt: number | null
  /** What it was last compared with: as long as that is the same, so are the texts. */
  compared: Basis | null
  /** When it is told of what has changed; null: nothing has. */
  dueAt: number | null
  /** What is being written; null: nothing is. */
  writing: { readonly digest: string; readonly hashes: Hashes } | null
}

/** The board's view is another object with every copy that it begins: what can be named of it seldom is. */
type Basis = Pick<NodeView, 'name' | 'pool' | 'labels' | 'attributes'> & { readonly variables: Hashes | undefined }

/** By an agent before this one. */
export function givenBefore(hashes: Hashes): Given {
  return { hashes, before: null, restartedAt: null, compared: null, dueAt: null, writing: null }
}

/** The task is about to start with these files. True: that is news, to be remembered before. */
export function noteGiven({ env }: Step, task: TaskRun, { files = [] }: TaskRequest): boolean {
  if (task.spec.templates === undefined) return false
  const { hashes: before, restartedAt = null } = task.given ?? {}
  task.given = { ...givenBefore(hashesOf(env.crypto, files)), before: before ?? {}, restartedAt }
  return !isSame(before, task.given.hashes)
}

/** `wasGiven`: the start has put its files there. False: it has those of before, if it runs. */
export function noteStart(step: Step, alloc: Alloc, { given }: TaskRun, wasGiven: boolean): void {
  if (given === null || given.before === null) return
  const { before } = given
  given.before = null
  if (wasGiven || isSame(before, given.hashes)) return
  given.hashes = before
  persistBody(step, alloc)
}

/** Asked after every event: what has not changed costs a comparison. */
export function syncTemplates(step: Step, alloc: Alloc): void {
  for (const task of alloc.body.tasks.values())
    if (task.spec.templates !== undefined && task.phase === 'running') syncTask(step, alloc, task, task.spec.templates)
}

function syncTask(step: Step, alloc: Alloc, task: TaskRun, templates: readonly TemplateSpec[]): void {
  // Nothing tells what one that was found running has: it is told once more.
  const given = (task.given ??= givenBefore({}))
  if (given.writing !== null) return
  const board = boardHere(step)
  if (board === undefined) return
  const { name, pool, labels, attributes } = board
  const basis = { name, pool, labels, attributes, variables: alloc.body.variables }
  if (isAsBefore(given.compared, basis) && (given.dueAt === null || given.dueAt > step.now)) return
  given.compared = basis
  const { request, hasAllFiles } = filledOf(step, alloc, alloc.body, task)
  const hashes = hashesOf(step.env.crypto, request.files ?? [])
  const changed = templates.filter(({ destination }) => hashes[destination] !== given.hashes[destination])
  const restarts = changed.some(({ changeMode }) => changeMode === 'restart')
  if (changed.length === 0 || !hasAllFiles || (restarts && !couldStart(step, alloc, task, request))) {
    // No file is written with half of its words, and nothing is stopped that could not start: its next start says what is not there.
    given.dueAt = null
    return
  }
  given.dueAt ??= Math.max(step.now + splayOf(step, changed), restarts ? mayRestartAt(given) : 0)
  if (given.dueAt > step.now) return
  given.dueAt = null
  const names = changed.map(({ destination }) => destination)
  if (restarts) return restart(step, alloc, task, { given, names })
  const signals = [...new Set(changed.flatMap(({ changeSignal }) => changeSignal ?? []))]
  const files = request.files?.filter(({ path }) => names.includes(path)) ?? []
  const digest = shortHash(step.env.crypto, canonicalText(hashes), 16)
  given.writing = { digest, hashes }
  step.out.push({ kind: 'rewrite', task: { ...request, files }, signals, digest })
}

function isAsBefore(one: Basis | null, other: Basis): boolean {
  return one !== null && (Object.keys(other) as (keyof Basis)[]).every((key) => one[key] === other[key])
}

/** Another image than it runs with would have to be fetched while nobody runs it. */
function couldStart(step: Step, alloc: Alloc, task: TaskRun, { spec }: TaskRequest): boolean {
  const isOtherImage = spec.config.image !== task.spec.config.image && spec.config.image !== task.image
  return !isOtherImage && lackOf(step, alloc, alloc.body, task) === null
}

/** A label that flaps does not restart it over and over. */
function mayRestartAt({ restartedAt }: Given): number {
  return restartedAt === null ? 0 : restartedAt + coreLimits.templateRestartGapMs
}

function splayOf({ state }: Step, changed: readonly TemplateSpec[]): number {
  const splayMs = Math.max(...changed.map((template) => (template.changeMode === 'noop' ? 0 : template.splayMs)))
  return splayMs === 0 ? 0 : nextBelow(state.random, splayMs + 1)
}

interface Due {
  readonly given: Given
  readonly names: readonly string[]
}

function restart(step: Step, alloc: Alloc, task: TaskRun, { given, names }: Due): void {
  // A board that could not start it again goes on with what it has.
  if (step.state.storeProblem !== null) {
    given.dueAt = step.now + coreLimits.rewriteRetryMs
    return
  }
  given.restartedAt = step.now
  note(step, `${alloc.slot}: task ${task.spec.name} is restarted: ${names.join(', ')} changed`)
  restartForTemplate(step, alloc, task)
}

/** The driver has done it, or could not. What it says of a run that is over is nothing to this one, which was given its own. */
export function rewritten(step: Step, alloc: Alloc, task: TaskRun, digest: string, outcome: Outcome): void {
  const { given } = task
  if (given?.writing?.digest !== digest) return
  const { hashes } = given.writing
  given.writing = null
  // It has ended meanwhile: its next start gives it all anew.
  if (task.phase !== 'running') return
  if (outcome.ok) {
    given.hashes = hashes
    task.event = 'its files changed'
    return persistBody(step, alloc)
  }
  given.dueAt = step.now + coreLimits.rewriteRetryMs
  const words = `its files are not as they should be, and are tried again: ${outcome.message}`
  // Once, however long it lasts: logs are on the same card.
  if (task.event === words) return
  task.event = words
  step.state.ownStale = true
  note(step, `${alloc.slot}: task ${task.spec.name}: ${words}`, 'warn')
}

/** When `syncTemplates` has something to do. */
export function templateDeadline({ phase, given }: TaskRun): number {
  return phase === 'running' ? (given?.dueAt ?? Number.MAX_SAFE_INTEGER) : Number.MAX_SAFE_INTEGER
}

function hashesOf(crypto: Step['env']['crypto'], files: NonNullable<TaskRequest['files']>): Hashes {
  const all = files.flatMap((file) => (file.kind === 'template' ? [[file.path, shortHash(crypto, file.text, 16)] as const] : []))
  return Object.fromEntries(all)
}
