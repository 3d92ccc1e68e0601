// The times of a periodic job that its file does not say: since when they count, and which run an operator has asked for. Both are what
// clocks show in the job's zone, by the clock of whoever orders it.

import type { Crypto } from '../../crdt/crypto.ts'
import type { Doc } from '../../crdt/doc.ts'
import type { CivilSeconds } from '../../crdt/civil-time.ts'
import { jobPaths, jobView } from '../../crdt/documents/job.ts'
import type { JobSpec, PeriodicSpec } from '../../crdt/spec.ts'
import { civilTime } from '../../crdt/time-zone.ts'
import { CliError } from '../errors.ts'

/**
 * Nothing is made up for that was due before the job ran, or had these times. Had them in force: while a merge that does not validate keeps
 * another specification in force, the document's registers still name times, and the boards may have forgotten their runs.
 */
export function withTimes(crypto: Crypto, doc: Doc, spec: JobSpec, wallMs: number): JobSpec {
  const { periodic } = spec
  if (periodic === undefined) return spec
  const before = jobView(crypto, doc).spec?.periodic
  const runs = doc.registers.get(jobPaths.desired) === 'run'
  if (runs && before !== undefined && isSameTimes(before, periodic))
    return { ...spec, periodic: { ...periodic, since: before.since, forced: before.forced } }
  return { ...spec, periodic: { ...periodic, since: civilNow(periodic, wallMs), forced: 0 } }
}

function isSameTimes(a: PeriodicSpec, b: PeriodicSpec): boolean {
  const words = ({ crons, enabled, timeZone }: PeriodicSpec): string => JSON.stringify([crons, enabled, timeZone])
  return words(a) === words(b)
}

export function civilNow({ timeZone }: PeriodicSpec, wallMs: number): CivilSeconds {
  const now = civilTime(timeZone, wallMs)
  if (now !== null) return now
  throw new CliError('E_TIME_ZONE', `this machine does not know the time zone ${timeZone}`, {
    hint: 'say it from a machine that does, or use UTC',
  })
}
