// The core: one event in, effects out. A dispatcher with no rules of its own; what each event means is in the file that its case
// names. No clock, randomness, socket or file: the real node and the simulator feed it the same events.

import { holdsHeads } from '../../crdt/authored.ts'
import { createEngine } from '../../crdt/engine.ts'
import { assert, assertNever } from '../../crdt/errors.ts'
import { createKeptHandles } from '../../crdt/kept-handles.ts'
import { type NodeId, nodeDocId } from '../../crdt/ids.ts'
import type { Alloc, Body, TaskRun } from './allocs/alloc.ts'
import { checked } from './allocs/checked.ts'
import { checksDeadline } from './allocs/checks.ts'
import { allocDeadline } from './allocs/deadline.ts'
import { exited, prepared, started, stopped } from './allocs/lifecycle.ts'
import { rewritten } from './allocs/templates.ts'
import { aloneDeadline } from './alone.ts'
import { boot } from './boot.ts'
import { noteDrivers, noteStore, takeAddresses } from './doctor/signs.ts'
import { devicesDeadline, devicesDue, surveyed } from './devices.ts'
import { drainDeadline } from './draining.ts'
import { tellBootstrap } from './bootstrap-list.ts'
import { saveDue } from './documents.ts'
import { command, commandGone } from './commands.ts'
import { blame, conductDeadline, conductDue } from './conduct/judge.ts'
import type { Effect } from './effect.ts'
import type { CoreEvent } from './event.ts'
import { exchangeDeadline } from './exchanges.ts'
import { failuresDeadline } from './failures.ts'
import { setClock } from './fleet-time.ts'
import { followDeadline, tellFollowers } from './follow.ts'
import { isAnyoneReturning } from './liveness/members.ts'
import { nextDeadline, setHolds, tick } from './liveness/liveness.ts'
import { forgetFormer } from './allocs/devices.ts'
import { adopted, orphanExited, orphanStopped } from './orphans.ts'
import { leaveDeadline } from './leaving.ts'
import { performLiveness } from './perform-liveness.ts'
import { coreLimits } from './limits.ts'
import { giveUpLost } from './lost-changes.ts'
import { settle } from './placement.ts'
import type { TaskId } from './ports.ts'
import { rememberAddresses, summariseDue } from './pools.ts'
import { psksDue, restorePsks } from './psk.ts'
import { frameCame, peerCame, peerWent, replicateDue } from './replicate.ts'
import { type Env, type State, type Step, createState, note, writeOwnSoon } from './state.ts'

export interface Core {
  /** Effects must be carried out in order; see `effect.ts`. Throws AssertionError only, which means a bug. */
  step(event: CoreEvent): readonly Effect[]
  /** For checkers and the simulator: never modify. */
  readonly state: State | null
  /** Gives back the memory outside of JavaScript's own, which nobody frees when the core is forgotten. It may still go on. */
  release(): void
}

export function createCore(env: Env): Core {
  const { keptHandlesMax: countMax, keptHandleBytesMax: bytesMax } = coreLimits
  const engine = env.engine ?? createEngine(env.crypto, createKeptHandles({ countMax, bytesMax }))
  let state: State | null = null
  return {
    get state() {
      return state
    },
    step(event) {
      if (event.kind === 'boot') state = createState(env, engine, event)
      assert(state !== null, 'the first event must be boot')
      const step: Step = { env, state, now: event.now, out: [] }
      handle(step, event)
      // Waits may be over whatever the event was: one place looks at all of them.
      if (event.kind !== 'tick') performLiveness(step, tick(state.liveness, step.now, 0))
      replicateDue(step)
      conductDue(step)
      giveUpLost(step)
      devicesDue(step)
      saveDue(step)
      if (isPlanDue(state, step.now)) state.planStale = true
      settle(step)
      rememberAddresses(step)
      tellBootstrap(step)
      psksDue(step)
      summariseDue(step)
      tellFollowers(step)
      step.out.push({ kind: 'wake', at: wakeAt(state) })
      return step.out
    },
    release: engine.release,
  }
}

function handle(step: Step, event: CoreEvent): void {
  const { state } = step
  switch (event.kind) {
    case 'boot':
      setHolds(state.liveness, holdsIn(state.docs))
      restorePsks(step, event.records)
      return boot(step, event.records)
    case 'tick':
      if (event.clock !== undefined) setClock(step, event.clock.wallMs, event.clock.isSynchronised)
      return performLiveness(step, tick(state.liveness, step.now, event.lagMs))
    case 'peer-up':
      return peerCame(step, event.peer)
    case 'peer-down':
      return peerWent(step, event.peer)
    case 'path': {
      const peer = state.peers.get(event.peer)
      if (peer !== undefined) peer.path = event.path
      return
    }
    case 'frame':
      return frameCame(step, event.from, event.bytes, event.via)
    case 'misbehaved':
      return blame(step, event.peer, event.code)
    case 'addresses':
      takeAddresses(step, event.addresses)
      writeOwnSoon(step, coreLimits.ownProgressDelayMs)
      return
    case 'fingerprint':
      state.fingerprints[event.driver] = event.fingerprint
      noteDrivers(state)
      // It is well once it has said what it runs.
      if (event.fingerprint.health.healthy && state.untold.delete(event.driver)) forgetFormer(state)
      state.ownStale = true
      return
    case 'devices':
      return surveyed(step, event.found)
    case 'adopted':
      return adopted(step, event.running)
    case 'prepared':
      return withTask(state, event.task, (alloc, body, task) => prepared(step, alloc, body, task, event.outcome))
    case 'started':
      return withTask(state, event.task, (alloc, _body, task) => started(step, alloc, task, event.outcome, event.wallMs))
    case 'stopped':
      orphanStopped(step, event.task)
      return withTask(state, event.task, (alloc, _body, task) => stopped(step, alloc, task))
    case 'exited':
      orphanExited(state, event.task)
      return withTask(state, event.task, (alloc, _body, task) => exited(step, alloc, task, event.exit))
    case 'rewritten':
      return withTask(state, event.task, (alloc, _body, task) => rewritten(step, alloc, task, event.digest, event.outcome))
    case 'checked':
      return checked(step, event)
    case 'progress':
      return withTask(state, event.task, (_alloc, _body, task) => void (task.progress = event.words))
    case 'command':
      setClock(step, event.wallMs, state.time.isSynchronised)
      return command(step, event)
    case 'command-gone':
      return commandGone(step, event.id)
    case 'store-state':
      return storeHeard(step, event)
    default:
      return assertNever(event)
  }
}

function storeHeard(step: Step, { writable, reason }: Extract<CoreEvent, { kind: 'store-state' }>): void {
  const { state } = step
  const problem = `the disk takes no writes: ${reason}; what runs goes on, nothing new is taken`
  if ((state.storeProblem === null) !== writable) note(step, writable ? 'the disk takes writes again' : problem)
  noteStore(step, writable)
  state.storeProblem = writable ? null : reason
  // What it says of pre-shared keys is what is safe on its disk.
  if (state.psks.statements.open.length > 0) state.ownStale = true
  state.planStale = true
}

/** Keeps the documents alone: a step's effects are not to live as long as the core. */
function holdsIn(docs: State['docs']): (node: NodeId, heads: string) => boolean {
  return (node, heads) => {
    const doc = docs.get(nodeDocId(node))
    return doc !== undefined && holdsHeads(doc, heads)
  }
}

function withTask(state: State, id: TaskId, act: (alloc: Alloc, body: Body, task: TaskRun) => void): void {
  const [name] = id.split('.')
  for (const alloc of state.allocs.values()) {
    if (alloc.alloc !== name) continue
    for (const body of [alloc.body, alloc.next]) {
      const task = body === null ? undefined : [...body.tasks.values()].find((entry) => entry.id === id)
      if (body !== null && task !== undefined) return act(alloc, body, task)
    }
    const leaving = alloc.leaving.get(id)
    if (leaving !== undefined) act(alloc, alloc.body, leaving)
  }
}

function isPlanDue(state: State, now: number): boolean {
  const isSettled = endSettling(state, now)
  return (
    isSettled || (state.plan?.wakeAt != null && state.plan.wakeAt <= now) || aloneDeadline(state) <= now || failuresDeadline(state) <= now
  )
}

/** Each claim's settle time ends once: afterwards the claim starts or goes when the view says so, however long that takes. */
function endSettling(state: State, now: number): boolean {
  let isAny = false
  for (const alloc of state.allocs.values()) {
    if (alloc.settleUntil === null || alloc.settleUntil > now) continue
    alloc.settleUntil = isHeldBack(state, now) ? now + coreLimits.returnPollMs : null
    isAny ||= alloc.settleUntil === null
  }
  return isAny
}

/** After a cut the other side's jobs may arrive before the claims that run them: what it runs already is not started here. */
function isHeldBack(state: State, now: number): boolean {
  if (!isAnyoneReturning(state.liveness)) {
    state.returningSince = null
    return false
  }
  state.returningSince ??= now
  return now - state.returningSince < coreLimits.returnHoldMsMax
}

function wakeAt(state: State): number {
  let at = Math.min(nextDeadline(state.liveness), state.syncAt, state.summaryAt, aloneDeadline(state), followDeadline(state))
  at = Math.min(
    at,
    failuresDeadline(state),
    exchangeDeadline(state),
    state.lostLookAt,
    state.roomAt,
    leaveDeadline(state),
    conductDeadline(state),
    drainDeadline(state),
    devicesDeadline(state),
  )
  if (!state.acting) at = Math.min(at, state.actAt)
  if (state.plan?.wakeAt != null) at = Math.min(at, state.plan.wakeAt)
  if (state.receiptsDueAt !== null) at = Math.min(at, state.receiptsDueAt)
  for (const due of [state.ownDueAt, state.lookAt, state.time.runsDueAt, state.saveAt]) if (due !== null) at = Math.min(at, due)
  for (const alloc of state.allocs.values()) at = Math.min(at, allocDeadline(alloc))
  at = Math.min(at, checksDeadline(state))
  for (const entry of state.hangUps) at = Math.min(at, entry.at)
  return at
}
