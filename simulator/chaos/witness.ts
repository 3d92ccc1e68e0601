// Watches every step of every board and holds it against the `always` rules. It knows what really runs where, which no board does,
// and believes nothing that a board says about others.

import { type AllocId, type NodeId, type SlotId, nodeDocId, slotParts } from '../../crdt/ids.ts'
import type { NodeView } from '../../crdt/view.ts'
import { envelopeKey } from '../../node/core/documents.ts'
import type { Effect } from '../../node/core/effect.ts'
import type { CoreEvent } from '../../node/core/event.ts'
import type { RunningTask, TaskId, TaskRequest } from '../../node/core/ports.ts'
import type { Board } from '../board.ts'
import type { Plan } from '../../scheduler/types.ts'
import type { World } from '../world.ts'
import { Acknowledgements } from './acknowledged.ts'
import { disorderOn } from './board-order.ts'
import { Displaced } from './displaced.ts'
import { DoneWork } from './done-work.ts'
import type { Rule, Sight, Violation } from './invariants.ts'
import { LastWords } from './last-words.ts'
import { OtherCopies } from './other-copies.ts'
import { whyNotInFavourOf } from './order-of-copies.ts'
import { Generations, claimOfLog, hasOthers, whyNotClaimed, whyNotPlaced } from './replacements.ts'
import { sightsOfStep } from './sights.ts'
import { StepRules } from './step-rules.ts'
import { type Claiming, judgeTaking } from './successors.ts'
import { isMove, whyNotItsTurn } from './turns.ts'
import type { State } from '../../node/core/state.ts'
import { type StopCause, causeOfStop, isDrained, isRelabelled, isWished, runningHere, sightOfCause, sightsOfSurplus } from './stop-cause.ts'
import { Storms } from './storms.ts'
import { Trace } from './trace.ts'

export class Witness {
  readonly violations: Violation[] = []
  readonly sights = new Map<Sight, number>()
  readonly notes: { readonly at: number; readonly what: string }[] = []
  readonly trace = new Trace()
  readonly lastWords = new LastWords()
  readonly generations = new Generations()
  readonly rules = new StepRules()
  readonly doneWork = new DoneWork()
  readonly acknowledgements = new Acknowledgements()
  readonly leaving = this.rules.leaving
  /** What malicious boards have been told, to be said again. */
  readonly overheard = new Map<Board, Uint8Array[]>()
  /** Boards that ever said that they have more than they have. */
  readonly liars = new Set<Board>()
  /** Second machines with a board's key: what they do is theirs, and nobody is held to it but not to throw. */
  readonly twins = new Set<Board>()
  /** Boards whose disk is not, or not all, what they wrote. */
  readonly #diskReplaced = new Set<Board>()
  readonly #company = new Map<Board, { readonly boots: number; readonly at: number }>()
  /** Virtual ms of the first fault. */
  calmUntil = 0
  readonly #world: World
  readonly #others: OtherCopies
  readonly asks = new Map<TaskId, TaskRequest>()
  readonly #storms = new Storms()
  readonly #stoppedAlone = new Set<AllocId>()
  readonly #displaced = new Displaced()
  /** What operators did and which boards were broken, as `cause what`: a stop that names a cause needs one. */
  readonly #excuses = new Set<string>()

  constructor(world: World) {
    this.#world = world
    this.#others = new OtherCopies(world)
    world.watch = (board, event, step) => this.#watch(board, event, step)
    world.lifetimes.onEnd = (board, task) => {
      this.saw('work-done')
      this.copyGone(board, task.slot)
      this.doneWork.ended(task)
    }
    world.onPowerCut = (board) => this.allGone(board)
  }

  note(what: string): void {
    this.notes.push({ at: this.#world.queue.now, what })
  }

  saw(sight: Sight): void {
    this.sights.set(sight, (this.sights.get(sight) ?? 0) + 1)
  }

  /** Another disk is in it now. */
  diskReplaced(board: Board): void {
    this.#hasForgotten(board)
    this.acknowledgements.diskReplaced(board, this.leaving.stayers(this.#world.boards.values()))
  }

  /** Records of its disk are gone. */
  recordsLost(board: Board): void {
    this.#hasForgotten(board)
    this.acknowledgements.recordsLost(board, this.leaving.stayers(this.#world.boards.values()))
  }

  /** What it had heard last may be on no disk of its own any more. */
  writesUndone(board: Board): void {
    this.saw('writes-undone')
    this.rules.lacks(board)
    this.doneWork.forgets(board)
  }

  /** It ends in the middle of a step, or while what it did since then waits for its disk: of that nobody saw anything. */
  stepsUndone(board: Board): void {
    this.generations.stepUndone(board)
    this.rules.stepUndone(board)
    this.doneWork.stepUndone(board, board.syncingSince ?? this.#world.queue.now)
    this.leaving.stepUndone(board)
    // What it was about to stop goes on, unless a driver has been told to.
    for (const id of board.tasks.keys()) this.#others.goesOn(id)
  }

  #hasForgotten(board: Board): void {
    this.rules.forgets(board)
    this.leaving.diskReplaced(board)
    this.generations.diskReplaced(board)
    this.doneWork.forgets(board)
    this.#diskReplaced.add(board)
    this.lastWords.diskReplaced()
  }

  /** What it writes is genuine, and nobody can tell it from what the board writes: its copies are none that count. */
  twinRuns(board: Board, twin: Board): void {
    this.saw('twin-ran')
    this.generations.diskReplaced(board)
    this.rules.forgets(board)
    this.excuse('lied', board.spec.name)
    this.twins.add(twin)
  }

  /** What runs goes on and is told, though it cannot be written: after a power cut the others know more. */
  diskFilled(board: Board): void {
    this.rules.forgets(board)
    this.#diskReplaced.add(board)
  }

  /** A copy ended by a fault. */
  copyGone(board: Board, slot: SlotId): void {
    this.#others.ended(board, slot)
  }

  /** The machine that runs them is off, or no longer here. */
  allGone(board: Board): void {
    for (const { slot } of board.tasks.values()) this.copyGone(board, slot)
  }

  /** What is made anew of that name begins anew. */
  removed(job: string): void {
    this.generations.removed(job)
    this.rules.claims.removed(job)
    this.rules.delays.removed(job)
  }

  /** The first submission of a job changes nothing that runs; whatever comes after it may. */
  changes(job: string): void {
    if (this.#excuses.has(`known ${job}`)) this.excuse('changed', job)
    this.excuse('known', job)
  }

  excuse(cause: string, what: string): void {
    this.#excuses.add(`${cause} ${what}`)
  }

  violated(rule: Rule, what: string): void {
    this.violations.push({ rule, at: this.#world.queue.now, what })
    this.note(`!! ${rule}: ${what}`)
  }

  #watch(board: Board, event: CoreEvent, step: () => readonly Effect[]): readonly Effect[] {
    const storm = this.#storms.whyTooMany(board, this.#world.queue.now)
    if (storm !== null) {
      // Or the run would not end.
      this.violated('no-storm', storm)
      this.#world.kill(board)
      return []
    }
    const running = runningHere(board)
    const remembered = board.core?.state?.plan?.pending
    const failures = board.core?.state?.view.nodes.get(board.spec.id)?.verdicts
    this.generations.stepBegins(board)
    // What its former agent was told to stop and did not get to, nobody stops any more.
    if (event.kind === 'boot') for (const id of board.tasks.keys()) this.#others.goesOn(id)
    if (event.kind === 'frame') this.overheard.get(board)?.push(event.bytes)
    let effects: readonly Effect[]
    try {
      effects = step()
    } catch (error) {
      this.violated('no-throw', `${board.spec.name} at ${event.kind}: ${error instanceof Error ? (error.stack ?? error.message) : 'threw'}`)
      this.#world.kill(board)
      return []
    }
    this.trace.step(board.spec.name, event, effects)
    this.rules.health.hears(board, event, effects, this.#world.clockOf(board))
    if (this.twins.has(board)) {
      const state = board.core?.state
      if (state != null) this.rules.afterClone({ board, state, effects })
      return effects
    }
    this.#noteCompany(board)
    for (const effect of effects) {
      if (effect.kind === 'start') {
        this.asks.set(effect.task.id, effect.task)
        this.#others.goesOn(effect.task.id)
        this.#judgeStart(board, effect.task)
      }
      if (effect.kind === 'stop') this.#judgeStop(board, effect.task, running, failures)
      if (effect.kind === 'log') {
        this.#judgeClaim(board, effect.message, remembered)
        this.#judgeReach(board, effect.message)
      }
      if (effect.kind === 'persist' && !effect.sync && event.kind !== 'boot') this.#judgeWrite(board, effect)
    }
    if (event.kind === 'boot' || (event.kind === 'started' && event.outcome.ok)) this.#lookOver(board)
    this.#judgeStep(board, event, effects)
    for (const sight of sightsOfStep(this.#world, board, event, effects)) this.saw(sight)
    return effects
  }

  isBehind(board: Board): boolean {
    return this.rules.isBehind(board, this.#world.queue.now)
  }

  /** For how long this boot of the board has seen nobody alive, on its own clock. */
  aloneMs(board: Board): number {
    const company = this.#company.get(board)
    return company === undefined ? 0 : this.#world.clockOf(board) - company.at
  }

  #noteCompany(board: Board): void {
    const state = board.core?.state
    if (state == null) return
    const known = this.#company.get(board)
    const hasCompany = [...state.liveness.members].some(([node, { status }]) => node !== board.spec.id && status === 'alive')
    if (hasCompany || !hasOthers(board, state) || known?.boots !== board.boots)
      this.#company.set(board, { boots: board.boots, at: this.#world.clockOf(board) })
  }

  #judgeStep(board: Board, event: CoreEvent, effects: readonly Effect[]): void {
    const state = board.core?.state
    if (state == null) return
    this.doneWork.look(board, state, this.#world.queue.now)
    const step = { board, state, event, effects, now: this.#world.clockOf(board), isBehind: this.isBehind(board) }
    for (const { rule, what } of this.rules.after(step)) this.violated(rule, what)
    if (effects.some(({ kind }) => kind === 'left')) this.acknowledgements.left(board, this.leaving.stayers(this.#world.boards.values()))
  }

  /** Peers hold newer changes of a board only where its disk was replaced, or lost what it had. */
  #judgeReach(board: Board, message: string): void {
    const state = board.core?.state
    if (state != null) this.rules.delays.note(board, state, message, this.#world.queue.now)
    if (message.startsWith('peers hold newer changes') && !this.#diskReplaced.has(board) && !this.#hasLied(board.spec.id))
      this.violated('durable-before-told', `${board.spec.name} has told more of itself than is on its disk: ${message}`)
  }

  #lookOver(board: Board): void {
    const { name, capacity } = board.spec
    const occupied = { name, capacity, tasks: [...board.tasks.values()], asks: this.asks }
    for (const { rule, what } of disorderOn(occupied, this.liars.has(board))) this.violated(rule, what)
    if (this.#world.queue.now >= this.calmUntil) return
    for (const task of board.tasks.values()) {
      const twin = [...this.#world.boards.values()].find(
        (other) => other !== board && [...other.tasks.values()].some((one) => one.slot === task.slot && one.form === task.form),
      )
      if (twin !== undefined) this.violated('calm-runs-once', `${board.spec.name} and ${twin.spec.name} run ${task.slot}`)
    }
  }

  /** Only the disk of the board that did it says so, and that may have been replaced. */
  #judgeStart(board: Board, task: TaskRequest): void {
    const by = this.doneWork.whoDid(board, task)
    const doer = by === null ? undefined : this.#world.boards.get(by)
    if (by === null || this.#hasLied(by) || (doer !== undefined && this.#diskReplaced.has(doer))) return
    if (!this.generations.wasRemoved(task.slot))
      this.violated('done-stays-done', `${board.spec.name} starts ${task.slot}, and has known that ${by} has done it`)
  }

  /** `remembered`: whom it was waiting for as the step began. */
  #judgeClaim(board: Board, message: string, remembered: Plan['pending'] | undefined): void {
    const claim = claimOfLog(message)
    if (claim === null) return
    const { slot, generation } = claim
    const why = whyNotClaimed(board, slot, this.#world.clockOf(board))
    if (why !== null) this.violated('replaced-as-agreed', `${board.spec.name} claims ${slot}: ${why}`)
    const state = board.core?.state
    if (state != null) {
      this.#judgePlace(board, state, slot, generation)
      this.#judgeSuccession({ state, slot, generation, memory: remembered?.get(slot), now: this.#world.clockOf(board) })
    }
    // What a full disk did not take, nobody ever saw.
    const used = board.disk.fault !== null ? null : this.generations.whyNotUsed(board, slot, generation)
    if (used !== null) this.violated('generations-rise', `${board.spec.name} claims ${slot}: ${used}`)
  }

  #judgePlace(board: Board, state: State, slot: SlotId, generation: number): void {
    const placed = whyNotPlaced(board, state, slot)
    if (placed !== null) this.violated('placed-as-asked', `${board.spec.name} claims ${slot}: ${placed}`)
    const early = this.rules.delays.whyNotClaimed(state, slot, generation, this.#world.queue.now)
    if (early !== null) this.violated('rescheduled-as-agreed', `${board.spec.name} claims ${slot}: ${early}`)
    const turn = isMove(state, slot) ? whyNotItsTurn(state, slot) : null
    if (turn !== null) this.violated('updated-in-turn', `${board.spec.name} claims ${slot}: ${turn}`)
  }

  #judgeSuccession(claiming: Claiming): void {
    const { isSuccessor, why } = judgeTaking(claiming)
    if (isSuccessor) this.saw('successor-took-over')
    if (why !== null) this.violated('successor-first', `${claiming.state.boot.config.name} claims ${claiming.slot}: ${why}`)
  }

  /** The board's own document is told to everybody as soon as it is written. */
  #judgeWrite(board: Board, { writes }: Effect & { kind: 'persist' }): void {
    const own = board.core?.state?.docs.get(nodeDocId(board.spec.id))?.envelopes.at(-1)
    if (own !== undefined && writes.some(({ key }) => key === envelopeKey(own.hash)))
      this.violated('durable-before-told', `${board.spec.name} tells of itself what a power cut undoes`)
  }

  #judgeStop(board: Board, id: string, running: ReadonlySet<SlotId>, failures: NodeView['verdicts'] | undefined): void {
    const task = board.tasks.get(id)
    if (task === undefined) return
    const cause = causeOfStop(board, task)
    if (cause.kind === 'alone') this.#judgeAlone(board, task)
    const yields = cause.kind === 'replaced' || cause.kind === 'orphan'
    // What makes way for a lie ends by a fault, and others may just have made way for it.
    if (!yields || (cause.kind === 'replaced' && this.#hasLied(cause.by))) this.copyGone(board, task.slot)
    const isCopy = running.has(task.slot) || cause.kind === 'orphan'
    if (isCopy && !this.#isAllowed(board, task, cause)) {
      this.violated('last-copy-stays', `${board.spec.name} stops ${task.slot} (generation ${task.generation}): ${cause.words}`)
    }
    const wrong = cause.kind === 'replaced' && isCopy ? whyNotInFavourOf(board, task, cause.by, failures) : null
    if (wrong !== null) this.violated('right-copy-stays', `${board.spec.name} stops ${task.slot}: ${wrong}`)
    if (yields) this.#others.yields(id)
    if (cause.kind === 'replaced' && isCopy) for (const sight of sightsOfSurplus(board, cause)) this.saw(sight)
    const sight = sightOfCause[cause.kind]
    if (sight !== undefined) this.saw(sight)
  }

  /** Once it was time, the next boot of the board goes on with it. */
  #judgeAlone(board: Board, { slot, alloc }: RunningTask): void {
    if (this.#stoppedAlone.has(alloc)) return
    this.#stoppedAlone.add(alloc)
    const limit = board.core?.state?.allocs.get(slot)?.body.group.disconnect.stopOnClientAfterMs ?? null
    const aloneMs = this.aloneMs(board)
    if (limit === null || aloneMs < limit)
      this.violated('alone-as-agreed', `${board.spec.name} stops ${slot} after ${aloneMs} ms alone, and may after ${limit} ms`)
  }

  /** While its driver did not say that the task runs. Of what a full disk did not take, nobody noted that it was over. */
  #gaveUp(board: Board, { alloc }: RunningTask): boolean {
    return this.#excuses.has(`broken ${board.spec.name}`) && (board.disk.fault !== null || this.rules.claims.hasEnded(board, alloc))
  }

  #isAllowed(board: Board, task: RunningTask, cause: StopCause): boolean {
    const { slot } = task
    const job = slotParts(slot).job.split('/')[1] ?? ''
    switch (cause.kind) {
      case 'replaced':
        return this.#others.isElsewhere(board, slot) || this.#hasLied(cause.by) || this.rules.health.stopsCopy(board, slot)
      case 'orphan':
        return (
          this.#others.isElsewhere(board, slot) ||
          this.leaving.mayStop(board, this.#world.queue.now) ||
          this.#excuses.has(`changed ${job}`) ||
          this.#excuses.has(`disk-of-another ${task.id}`) ||
          this.#gaveUp(board, task)
        )
      case 'wish':
        return this.#excuses.has(`changed ${job}`) && isWished(board, task, cause.words)
      case 'not-suited':
        return isRelabelled(board)
      case 'evicted':
        return this.#excuses.has(`evicted ${board.spec.name}`)
      case 'drained':
        return this.#excuses.has(`drained ${board.spec.name}`) && isDrained(board)
      case 'leaving':
        return this.leaving.mayStop(board, this.#world.queue.now)
      case 'check':
        return this.rules.health.mayRestart(board, task.id)
      case 'drain-over':
        return this.rules.drains.isOver(board, this.#world.clockOf(board))
      case 'done':
        return this.doneWork.hasEnded(task) || this.#hasLied(cause.by)
      case 'displaced':
        return this.#displaced.mayEnd(board, task, cause.by)
      case 'failed':
        return this.#excuses.has(`broken ${board.spec.name}`)
      case 'alone':
        return true
      case 'unknown':
        return false
    }
  }

  /** Nobody can know that a board of the fleet does not run what it says that it runs. */
  #hasLied(node: NodeId): boolean {
    const name = this.#world.boards.get(node)?.spec.name
    return name !== undefined && this.#excuses.has(`lied ${name}`)
  }
}
