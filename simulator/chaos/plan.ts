// What happens in one chaos run, as data: boards, jobs and a list of events. Every event stands for itself (a cut ends by its own
// clock), so that any of them can be left out while a failing plan is reduced.

import type { JobSpec } from '../../crdt/spec.ts'
import type { DriverCode } from '../../node/core/ports.ts'
import type { BoardSpec } from '../board.ts'
import type { TaskAnswer } from '../checks.ts'
import type { Boundary, Death } from '../deaths.ts'
import type { DiskFault } from '../disk.ts'

export interface ChaosPlan {
  readonly seed: number
  readonly boards: readonly ChaosBoard[]
  readonly events: readonly ChaosEvent[]
  /** When the chaos ends, virtual ms after the first boot. */
  readonly chaosMs: number
  /** Absent: it ends everywhere. Otherwise it ends inside a core, which is all boards but these; events that come later are about them. */
  readonly core?: {
    readonly outside: readonly string[]
    /** Until then boards outside find no rest. */
    readonly untilMs: number
    /** And then they are like this; null: the run ends while they have none. */
    readonly fates: readonly { readonly board: string; readonly fate: Fate }[] | null
  }
}

/** Without power; cut off from all; hears nobody; nobody hears it; cut off from some of the others only; as any other. */
export const fates = ['off', 'alone', 'deaf', 'dumb', 'half', 'well'] as const
export type Fate = (typeof fates)[number]

export interface ChaosBoard {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly memoryMib: number
  /** 4,000 and 8,192 unless told otherwise. */
  readonly cpuMhz?: number
  readonly diskMib?: number
  /** `default` unless told otherwise. */
  readonly pool?: string
  readonly attributes?: Readonly<Record<string, string>>
  /** `raw_exec` unless told otherwise. */
  readonly drivers?: NonNullable<BoardSpec['drivers']>
  /** Its agent knows one plan more from the start (`simulator/next-agent.ts`). */
  readonly agent?: 'next'
}

/** From a board to another: one direction of a link. */
export type Way = readonly [string, string]

export type Malice =
  | 'replay'
  | 'forge'
  | 'equivocate'
  | 'claim-spam'
  | 'false-capacity'
  | 'usurp'
  | 'forged-actors'
  | 'false-links'
  | 'old-epochs'

type Fault =
  | { readonly kind: 'cut'; readonly shape: string; readonly ways: readonly Way[]; readonly forMs: number }
  /** The same for most of the chaos, or beyond it. */
  | { readonly kind: 'long-cut'; readonly shape: string; readonly ways: readonly Way[]; readonly forMs: number }
  | { readonly kind: 'flap'; readonly shape: string; readonly ways: readonly Way[]; readonly periodMs: number; readonly forMs: number }
  | {
      readonly kind: 'bad-links'
      readonly lossPercent: number
      readonly duplicatePercent: number
      readonly lateMs: number
      readonly forMs: number
    }
  /** So many of a thousand frames and messages take so much longer than all others. */
  | { readonly kind: 'tails'; readonly perMille: number; readonly leastMs: number; readonly mostMs: number; readonly forMs: number }
  | { readonly kind: 'kill'; readonly board: string; readonly forMs: number }
  /** `afterEffects`: in the middle of its next step; `lostWrites`: as many writes that no sync followed are gone. */
  | {
      readonly kind: 'power-cut'
      readonly board: string
      readonly afterEffects: number | null
      readonly lostWrites: number
      readonly forMs: number
    }
  /** Behind the `nth` effect of its kind the agent ends, or the board with its power, and is back after `forMs`: see `simulator/deaths.ts`. */
  | {
      readonly kind: 'death'
      readonly board: string
      readonly how: Death['how']
      readonly after: Boundary
      readonly nth: number
      readonly lostWrites: number
      readonly driversGoOn: boolean
      readonly syncMs: number
      readonly forMs: number
    }
  /** The agent is down for `forMs` and comes back with the disk of `ageMs` before; with `isPowerCut` its tasks are gone, too. */
  | { readonly kind: 'old-disk'; readonly board: string; readonly ageMs: number; readonly isPowerCut: boolean; readonly forMs: number }
  /** It takes no event for so long: swapping, asleep, or stopped by a debugger. */
  | { readonly kind: 'pause'; readonly board: string; readonly forMs: number }
  /** Every board loses power, and they come back within two seconds of one another. */
  | { readonly kind: 'blackout'; readonly forMs: number }
  | { readonly kind: 'disk-full'; readonly board: string; readonly forMs: number }
  /** Errors on each write, or on whatever is read and written: what runs goes on, and an agent that ends does not begin before it is over. */
  | {
      readonly kind: 'disk-error'
      readonly board: string
      readonly how: Exclude<DiskFault, 'full'>
      /** Somebody restarts the agent for it. */
      readonly killAfterMs: number | null
      readonly forMs: number
    }
  | {
      readonly kind: 'driver'
      readonly board: string
      readonly code: DrawnCode
      readonly phase: 'prepare' | 'start'
      readonly forMs: number
    }
  /** Its agent comes back after `downMs`, and for `forMs` no driver answers it: what runs goes on, and the agent is not told of it. */
  | { readonly kind: 'silent-driver'; readonly board: string; readonly downMs: number; readonly forMs: number }
  | { readonly kind: 'crash'; readonly board: string; readonly nth: number }
  | { readonly kind: 'clock'; readonly board: string; readonly aheadMs: number }
  /** From now on its clocks are so many millionths too fast, or too slow. */
  | { readonly kind: 'clock-rate'; readonly board: string; readonly ppm: number }
  /** Power fails, and so many records of the store are damaged, which it drops. */
  | { readonly kind: 'torn-records'; readonly board: string; readonly records: number; readonly forMs: number }
  /** A second machine with the disk of `ageMs` before takes the board's place for so long. */
  | { readonly kind: 'clone'; readonly board: string; readonly ageMs: number; readonly forMs: number }
  /** The same at the same time: for so long two machines have one key, the second with the disk of `ageMs` before. */
  | { readonly kind: 'twin'; readonly board: string; readonly ageMs: number; readonly forMs: number }
  | { readonly kind: 'slow-link'; readonly board: string; readonly kbitPerS: number; readonly forMs: number }
  /** Every step takes so long. */
  | { readonly kind: 'slow-cpu'; readonly board: string; readonly stepMs: number; readonly forMs: number }
  | { readonly kind: 'address'; readonly board: string }
  /** Its agent makes way for the next version, which knows one plan more. */
  | { readonly kind: 'upgrade'; readonly board: string; readonly forMs: number }
  /** Until now it was not there. */
  | { readonly kind: 'join'; readonly board: string }
  /** Gone for good; an operator at `via` says so after a while. */
  | { readonly kind: 'leave'; readonly board: string; readonly via: string; readonly evictAfterMs: number }
  | { readonly kind: 'slow-stops'; readonly stopMs: number; readonly forMs: number }
  | { readonly kind: 'malice'; readonly board: string; readonly how: Malice; readonly forMs: number }
  /** What the job's tasks say to checks, on that board (null: on each); `periodMs`: in the first half of each such time, else all the time. */
  | {
      readonly kind: 'unwell'
      readonly board: string | null
      readonly job: string
      readonly answer: Exclude<TaskAnswer, 'passes'>
      readonly periodMs: number | null
      readonly forMs: number
    }

/** An operator at the board `via`; nothing happens while that board takes no commands. */
type Operation =
  | { readonly kind: 'run'; readonly via: string; readonly spec: JobSpec }
  | { readonly kind: 'scale'; readonly via: string; readonly job: string; readonly count: number }
  | { readonly kind: 'command'; readonly via: string; readonly job: string; readonly command: string }
  | { readonly kind: 'desire'; readonly via: string; readonly job: string; readonly desired: 'run' | 'stopped' | 'removed' }
  | { readonly kind: 'pause-rollouts'; readonly via: string; readonly job: string; readonly paused: boolean }
  /** To the newest version that says something else, as `job revert --last` does. */
  | { readonly kind: 'revert'; readonly via: string; readonly job: string }
  /** Its history is dropped if all boards there have recorded the same one; with `force` in any case. */
  | { readonly kind: 'compact'; readonly via: string; readonly job: string; readonly force: boolean }
  /** A second key may change jobs from now on; its owner changes one, with a mark of its own; an admin takes its role away for ever. */
  | { readonly kind: 'key-grant'; readonly via: string }
  | { readonly kind: 'key-use'; readonly via: string; readonly job: string; readonly mark: number }
  /** `vouches`: what it wrote until now, as far as that board has it, counts on. Else nothing of it does. */
  | { readonly kind: 'key-revoke'; readonly via: string; readonly vouches: boolean }
  | { readonly kind: 'alloc-stop'; readonly via: string; readonly job: string; readonly index: number }
  | { readonly kind: 'alloc-restart'; readonly via: string; readonly job: string; readonly index: number }
  /** `forMs` null: it stays so. `sparesSystem`: a drain that leaves copies of system jobs where they are. */
  | {
      readonly kind: 'node'
      readonly via: string
      readonly board: string
      readonly wish: 'draining' | 'evicted' | 'ineligible'
      readonly sparesSystem?: true
      readonly forMs: number | null
      /** Of a drain: how long the board may take; 0: no time at all. Absent: for as long as it takes. */
      readonly deadlineMs?: number
    }
  /** It is to leave for good once its copies are elsewhere, or stopped after `deadlineMs`. `forMs`: taken back then; null: never. */
  | {
      readonly kind: 'node-leave'
      readonly via: string
      readonly board: string
      readonly deadlineMs: number | null
      readonly forMs: number | null
    }
  /** The board `by` takes the place of `board`, dead or alive. */
  | { readonly kind: 'node-replace'; readonly via: string; readonly board: string; readonly by: string }
  /** The fleet is to follow the plan that only upgraded agents know, whether or not all are. */
  | { readonly kind: 'raise-plan'; readonly via: string }

/** Its jobs have no artifacts. */
export type DrawnCode = Exclude<DriverCode, 'E_ARTIFACT' | 'E_ARTIFACT_MISSING'>

export type ChaosEvent = { readonly at: number } & (Fault | Operation)
export type EventOf<K extends ChaosEvent['kind']> = ChaosEvent & { readonly kind: K }

/** What operators do about jobs and the fleet. */
const operations: ReadonlySet<ChaosEvent['kind']> = new Set([
  'run',
  'scale',
  'command',
  'desire',
  'pause-rollouts',
  'revert',
  'compact',
  'key-grant',
  'key-use',
  'key-revoke',
  'alloc-stop',
  'alloc-restart',
  'raise-plan',
])

/** What operators wish about whole boards disturbs as much. */
export function isFault(event: ChaosEvent): boolean {
  return !operations.has(event.kind)
}
