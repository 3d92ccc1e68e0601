// Rules for requests for devices: names that a board can answer to, so many as it can have, and a variable for each that no other request of
// the task shares.

import { deviceLimits, deviceNameRule, deviceVariable, isDeviceName } from '../devices.ts'
import type { TaskSpec } from '../spec.ts'
import { shown } from './fault.ts'
import { checkDeviceConstraints } from './placement-rules.ts'
import { type RuleReport, checkCount, checkFields, checkUnique, fault, inside } from './rule-report.ts'
import { deviceFields } from './spec-fields.ts'

export function checkDeviceAsks(report: RuleReport, { devices = [], lifecycle }: TaskSpec): void {
  const at = inside(report, 'resources')
  checkCount(at, 'devices', devices.length, 0, deviceLimits.asksMax)
  // Its turn comes when the others have ended, and by then its board may be somebody else's for long.
  if (devices.length > 0 && lifecycle?.hook === 'poststop') fault(at, 'devices', 'devices', 'nothing in a poststop task')
  const names = devices.map(({ name }) => name)
  checkUnique(at, 'name', names, (_, index) => `devices/${index}/name`)
  const variables = names.map(deviceVariable)
  devices.forEach((ask, index) => {
    const own = inside(at, 'devices', index)
    if (!isDeviceName(ask.name)) fault(own, 'name', shown(ask.name), deviceNameRule)
    const first = variables.indexOf(deviceVariable(ask.name))
    if (first < index && names[first] !== ask.name)
      fault(own, 'name', shown(ask.name), `a name whose variable, ${variables[index]}, is not that of ${names[first]}`)
    checkFields(own, deviceFields, ask)
    checkDeviceConstraints(own, ask.constraints)
  })
}
