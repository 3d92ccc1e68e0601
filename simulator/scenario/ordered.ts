// What `job run` of a file writes at a moment of a scenario: of a periodic job also since when its times count, so that nothing is made up
// for that was due before the scenario ordered it.

import { jobPaths, specToRegisters } from '../../crdt/documents/job.ts'
import type { Scalar } from '../../crdt/registers.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import { civilTime } from '../../crdt/time-zone.ts'
import { type Change, submission } from '../operator.ts'

const timePaths = ['spec/periodic/crons', 'spec/periodic/time_zone', 'spec/periodic/enabled'] as const

export function ordered(spec: JobSpec, wallMs: number): Change {
  const { periodic } = spec
  if (periodic === undefined) return submission(spec)
  const wanted = specToRegisters(spec)
  return (registers) => {
    const said = (path: string): Scalar => registers.get(path) ?? null
    const isAsBefore = said(jobPaths.desired) === 'run' && timePaths.every((path) => said(path) === (wanted.get(path) ?? null))
    const since = isAsBefore ? Number(said(jobPaths.since)) : (civilTime(periodic.timeZone, wallMs) ?? periodic.since)
    return submission({ ...spec, periodic: { ...periodic, since } })(registers)
  }
}
