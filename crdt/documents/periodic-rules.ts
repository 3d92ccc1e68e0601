// Rules for the `periodic` block: which jobs may have one, and what its words mean together. Which time zones there are is not among
// them: machines differ in that, and whether a specification is valid must not.

import { readCron } from '../cron.ts'
import { type JobSpec, type PeriodicSpec, isRunOnce } from '../spec.ts'
import { zonePattern } from '../time-zone.ts'
import { isRunName } from '../run-name.ts'
import { shown } from './fault.ts'
import { modelLimits } from './model-limits.ts'
import { type RuleReport, checkCount, fault } from './rule-report.ts'

export function checkPeriodic(report: RuleReport, spec: JobSpec, { crons, timeZone }: PeriodicSpec): void {
  if (!isRunOnce(spec))
    fault(report, '', `periodic in a ${spec.type} job`, 'periodic with type: batch or sysbatch, whose copies end; others run all the time')
  if (spec.parameterized !== undefined)
    fault(report, '', 'periodic in a parameterized job', 'one of the two: a job that is dispatched has no times of its own')
  checkCount(report, 'crons', crons.length, 1, modelLimits.cronsMax)
  // No more: reading one costs up to 40 ms where its date never comes.
  for (const [at, cron] of crons.slice(0, modelLimits.cronsMax).entries()) {
    const reading = readCron(cron)
    if (!reading.ok) fault(report, `crons/${at}`, shown(cron), reading.allowed)
  }
  if (!zonePattern.test(timeZone)) fault(report, 'time_zone', shown(timeZone), 'the name of a time zone, such as UTC or Europe/Berlin')
  for (const { name } of spec.groups) {
    if (name.length > modelLimits.periodicGroupNameMax)
      fault(
        report,
        '',
        `a group with ${name.length} characters`,
        `names of at most ${modelLimits.periodicGroupNameMax}, since runs add their time`,
      )
    if (isRunName(name)) fault(report, '', `the group ${shown(name)}`, 'other names: those that end with ten digits are names of runs')
  }
}
