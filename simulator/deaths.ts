// Agents and boards that end in the middle of what a step asked for: after some of its effects and before the others, or while the disk is
// still busy with a write that was to be durable. What a driver had been told by then it may carry out with nobody left to hear of it.

import { isProbe } from '../node/core/wire.ts'
import type { Effect } from '../node/core/effect.ts'
import type { Board } from './board.ts'

/** What it ends behind; `effect`: any; `sync`: it ends before the disk has said that the write is durable. */
export type Boundary = 'effect' | 'persist' | 'send' | 'start' | 'stop' | 'sync'

export interface Death {
  readonly how: 'kill' | 'power-cut'
  readonly after: Boundary
  /** So many of them are still carried out. */
  left: number
  /** Of a power cut: so many writes that no sync followed are gone. */
  readonly lostWrites: number
  /** Of a kill: what drivers were told to start or stop comes about. */
  readonly driversGoOn: boolean
  /** How long the unfinished sync lasts: the agent hears and decides meanwhile, and nothing of it leaves the board. */
  readonly syncMs: number
  /** Told just before it ends. */
  readonly onDeath: () => void
}

/** Power fails after so many more effects. */
export function powerFailsAfter(effects: number, onDeath: () => void = () => {}): Death {
  return { how: 'power-cut', after: 'effect', left: effects, lostWrites: 0, driversGoOn: false, syncMs: 0, onDeath }
}

/** An effect of the list has been carried out; whether it is one behind which the board may end. */
export function countDown(death: Death, effects: readonly Effect[], at: number): void {
  if (isBehind(death.after, effects, at)) death.left -= 1
}

function isBehind(after: Boundary, effects: readonly Effect[], at: number): boolean {
  const { kind } = effects[at]!
  switch (after) {
    case 'effect':
      return true
    // Where nobody is to be told of what was written, or of the same thing as another, the boundary is between two steps.
    case 'persist':
      return kind === 'persist' && effects.slice(at + 1).some((next) => isSaid(next))
    case 'send':
      return isSaid(effects[at]!) && effects.slice(at + 1).some((next) => isSaid(next))
    case 'start':
    case 'stop':
      return kind === after
    case 'sync':
      return false
  }
}

/** Others are told something that is written here. */
function isSaid(effect: Effect): boolean {
  return (
    effect.kind === 'broadcast' ||
    effect.kind === 'send-stored' ||
    effect.kind === 'reply' ||
    (effect.kind === 'send' && !isProbe(effect.frame))
  )
}

/** As in the real loop: all but what derives from nothing that is stored waits until the disk is done. */
export function waitsForDisk(board: Board, effect: Effect): boolean {
  if (board.syncingSince === null) return false
  return effect.kind !== 'wake' && effect.kind !== 'log' && !(effect.kind === 'send' && isProbe(effect.frame))
}

/** Whatever ends a board while its disk is busy ends what waits for that. */
export function endSync(board: Board): void {
  if (board.syncingSince === null) return
  board.death?.onDeath()
  board.death = null
  board.syncingSince = null
}
