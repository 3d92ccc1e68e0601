// `--what-if "cut site=north others"`: the fleet as it is, with a job as it is to be, and one fault that lasts a while.

import type { JobSpec } from '../../crdt/spec.ts'
import type { Report } from '../../simulator/scenario/report.ts'
import { CliError } from '../errors.ts'
import { fleetScenario } from './fleet-scenario.ts'
import { formatDuration } from '../job-file/units.ts'
import { play, scenarioOf } from './play-scenario.ts'
import type { Session } from '../peers/session.ts'

/** The fleet has settled as it is, silent boards are known to be so, and the job is handed in as an operator would. */
const orderedAtMs = 30_000
const plannedFile = 'the planned job'
/** It has been placed by then; a replacement that waits for the default of 60 s is seen; what is left is enough to settle. */
const faultAtMs = 120_000
const faultForMs = 300_000
const settleMs = 120_000

/** Fault → what ends it. */
const ends: Readonly<Record<string, string>> = {
  cut: 'heal',
  kill: 'start',
  power_cut: 'power_on',
  drain: 'undrain',
  disk_full: 'disk_free',
}

export async function whatIf(session: Session, words: string, spec: JobSpec): Promise<Report> {
  const [fault = '', ...boards] = words.trim().split(/\s+/)
  const end = ends[fault]
  const [first = ''] = boards
  // From all others: of everybody there are none.
  const isOneSide = fault === 'cut' && boards.length === 1 && first !== 'all'
  const sides = isOneSide ? [first, 'others'] : boards
  if (end === undefined || sides.length !== (fault === 'cut' ? 2 : 1)) {
    const allowed = `cut SIDE [SIDE], or ${Object.keys(ends).slice(1).join(', ')} with BOARDS; boards are a name, shop-*, site=north or all`
    throw new CliError('E_USAGE', `--what-if: found '${words}'; allowed: ${allowed}`)
  }
  const { data, jobs } = await fleetScenario(session)
  const via = data.jobs[0]?.via
  const said = fault === 'cut' ? sides : first
  const timeline = [
    ...data.timeline,
    { at: formatDuration(orderedAtMs), run: plannedFile, ...(via === undefined ? {} : { via }) },
    { at: formatDuration(faultAtMs), [fault]: said },
    { at: formatDuration(faultAtMs + faultForMs), [end]: said },
  ]
  const duration = formatDuration(faultAtMs + faultForMs + settleMs)
  const text = JSON.stringify({ ...data, scenario: `what if: ${words}`, duration, timeline })
  return await play(
    session.io,
    await scenarioOf('--what-if', text, async (file) => ({ patterns: null, specs: [file === plannedFile ? spec : jobs.get(file)!] })),
  )
}
