// What a scenario file says, with its job files still to be read.

import type { Scenario, ScenarioBoard, ScenarioEvent } from '../../simulator/scenario/scenario.ts'
import type { PathParts } from '../job-file/source.ts'

/** A job file that is handed in at a time. */
export interface RunFile {
  readonly atMs: number
  readonly kind: 'run-file'
  readonly file: string
  readonly via: string | null
  /** It runs already at 0:00: `group/index` → the board that runs it. */
  readonly placed?: ReadonlyMap<string, string>
}

/** A scenario whose job files are still named. */
export interface ScenarioPlan extends Omit<Scenario, 'timeline' | 'placed'> {
  readonly steps: readonly (RunFile | Exclude<ScenarioEvent, { kind: 'run' }>)[]
}

/** Takes a fault: where, what was found, what is allowed. */
export type Complain = (parts: PathParts, found: string, allowed: string) => void

export function checkVia(via: string | null, boards: readonly ScenarioBoard[], at: PathParts, complain: Complain): void {
  if (via !== null && !boards.some(({ name }) => name === via)) complain(at, `'${via}'`, 'the name of one board of this file')
}
