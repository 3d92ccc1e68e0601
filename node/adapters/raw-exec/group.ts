// The processes of one task: a session whose leader is the task's supervisor. Signals them and waits until none is left. It must
// never hit a stranger: a leader is recognised by pid, start time and boot, and a session without its leader only when this agent
// saw the leader end, or by the marker in its members' environment. The marker also finds what left the session, as does a cgroup.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Process, allProcesses, bootId, isDead, processOf, wasStartedWith } from './proc.ts'

export interface Leader {
  readonly pid: number
  readonly startTicks: string
  readonly bootId: string
  /** `NAME=value` in the environment of everything that the task starts. */
  readonly marker: string
  /** True once this agent has seen the leader alive: its session's number cannot have been given out again unnoticed. */
  readonly seen: boolean
  /** What the system keeps the task in, if anything does. */
  readonly enclosure?: Enclosure
}

/** A cgroup: whatever its processes do, they stay in it. */
export interface Enclosure {
  pids(): readonly number[]
  /** Nothing in it starts another process any more, and what is in it is killed where the system can do that at once. */
  kill(): void
  /** Something in it was killed for want of memory. */
  hasLackedMemory(): boolean
}

// Often enough that a stop feels immediate, seldom enough to cost nothing while a task takes its time.
const pollMs = 50
// After SIGKILL only a process inside a hung disk or driver call stays; longer waiting does not help it.
const killWaitMs = 10_000

export function isAlive(leader: Leader): boolean {
  const found = entryOf(leader)
  return found !== undefined && !isDead(found)
}

export function signalTask(leader: Leader, signal: NodeJS.Signals): void {
  if (isAlive(leader)) kill(-leader.pid, signal)
  else for (const pid of membersOf(leader)) kill(pid, signal)
}

/** Signal, wait, kill what is left. False when something survived even that. */
export async function endTask(leader: Leader, signal: NodeJS.Signals, timeoutMs: number): Promise<boolean> {
  signalTask(leader, signal)
  return (await isGoneWithin(leader, timeoutMs)) || (await killTask(leader))
}

export async function killTask(leader: Leader): Promise<boolean> {
  const deadline = performance.now() + killWaitMs
  for (;;) {
    leader.enclosure?.kill()
    // Together in one step, then again: what was forked meanwhile is found by the next look.
    if (isAlive(leader)) kill(-leader.pid, 'SIGKILL')
    const members = membersOf(leader)
    if (members.length === 0) return true
    for (const pid of members) kill(pid, 'SIGKILL')
    if (performance.now() > deadline) return false
    await sleep(5)
  }
}

async function isGoneWithin(leader: Leader, timeoutMs: number): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    // Looking at one process is cheap, looking at all is not: the leader ends last in nearly every task.
    if (!isAlive(leader) && membersOf(leader).length === 0) return true
    const left = deadline - performance.now()
    if (left <= 0) return false
    await sleep(Math.min(pollMs, left))
  }
}

/** Pids of everything of the task that is alive, the leader included. */
export function membersOf(leader: Leader): number[] {
  if (leader.bootId === '' || leader.bootId !== bootId()) return []
  const holder = processOf(leader.pid)
  // While a session has members, its number is not given out again; once another process holds the number, the session is gone.
  const isSessionOurs = holder === undefined ? leader.seen : holder.startTicks === leader.startTicks
  const enclosed = new Set(leader.enclosure?.pids())
  const members: number[] = []
  for (const one of allProcesses()) {
    if (isDead(one) || one.pid === process.pid) continue
    const isOfSession = isSessionOurs && one.session === leader.pid
    if (isOfSession || enclosed.has(one.pid) || wasStartedWith(one.pid, leader.marker)) members.push(one.pid)
  }
  return members
}

function entryOf(leader: Leader): Process | undefined {
  if (leader.bootId === '' || leader.bootId !== bootId()) return undefined
  const found = processOf(leader.pid)
  return found?.startTicks === leader.startTicks ? found : undefined
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone already, which is what was wanted, or not ours to signal, which shows as a task that does not end.
  }
}
