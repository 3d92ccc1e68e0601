// Whether a specification makes sense: the rules of single fields and those between fields. One function for everyone: the CLI asks
// it about a file, a node about a merge of two sides. Every fault is reported at once. Total: odd values are faults, never exceptions.

import { type JobSpec, isPerNode } from '../spec.ts'
import { checkDispatch } from './dispatch-rules.ts'
import { type Fault, faultText } from './fault.ts'
import { checkGroup } from './group-rules.ts'
import { modelLimits } from './model-limits.ts'
import { checkPeriodic } from './periodic-rules.ts'
import { checkPlacement } from './placement-rules.ts'
import { type RuleReport, checkCount, checkEntries, checkFields, checkName, checkUnique, fault, inside } from './rule-report.ts'
import { checkRegister } from './schema.ts'
import { jobFields } from './spec-fields.ts'
import { specToRegisters } from './spec-writer.ts'
import { checkRenderedSize, checkVariables } from './template-rules.ts'

export { type Fault, faultText }

/** Empty when the specification may run. Paths are in the vocabulary of the job file. */
export function checkSpec(spec: JobSpec): readonly Fault[] {
  const report: RuleReport = { at: '', faults: [] }
  checkFields(report, jobFields, spec)
  checkName(report, 'job', spec.name)
  checkName(report, 'namespace', spec.namespace)
  checkName(report, 'pool', spec.pool)
  checkPlacement(report, 'job', spec)
  checkEntries(report, 'meta', spec.meta)
  checkVariables(report, spec)
  checkRenderedSize(report, spec)
  checkDispatch(report, spec)
  checkCount(report, 'groups', spec.groups.length, 1, modelLimits.groupsMax)
  checkUnique(
    report,
    'group',
    spec.groups.map((group) => group.name),
    (name) => `groups/${name}`,
  )
  if (spec.periodic !== undefined) checkPeriodic(inside(report, 'periodic'), spec, spec.periodic)
  if (isPerNode(spec) && spec.affinities.length > 0)
    fault(report, 'affinities', String(spec.affinities.length), `none in a ${spec.type} job`)
  for (const group of spec.groups) checkGroup(inside(report, 'groups', group.name), group, spec)
  return report.faults.length > 0 ? firstOfEach(report.faults) : checkRegisters(spec)
}

/** What passes the rules must also pass the gate, or an operator would sign a change that every node refuses. */
function checkRegisters(spec: JobSpec): readonly Fault[] {
  const registers = specToRegisters(spec)
  const faults: Fault[] = []
  for (const [path, value] of registers) {
    const words = checkRegister('job', path, value)
    if (words !== null) faults.push({ path: path.slice('spec/'.length), found: 'a value that does not fit', allowed: words })
  }
  if (registers.size > modelLimits.specRegistersMax) {
    faults.push({ path: '', found: `${registers.size} settings`, allowed: `at most ${modelLimits.specRegistersMax} in one job` })
  }
  return faults
}

/** Two rules may object to one value; the first says enough. */
function firstOfEach(faults: readonly Fault[]): readonly Fault[] {
  const seen = new Set<string>()
  return faults.filter((fault) => !seen.has(fault.path) && seen.add(fault.path))
}
