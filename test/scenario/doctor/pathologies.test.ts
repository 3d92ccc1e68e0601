// Every pathology that the simulator can play is named by the doctor, between the right boards and in the right direction, and nothing else is.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathologies } from '../../../simulator/pathologies.ts'
import { doctor, isExpected, restingPool, said } from '../../support/doctor.ts'

for (const { name, boards: count, askedOf, expected, mayAlso = [], inflict, ...setting } of pathologies) {
  test(`${name}: named, and nothing else`, () => {
    const { world, boards } = restingPool(count, setting)
    inflict(world, boards)
    const diagnosis = doctor(world, boards[askedOf]!)
    for (const wanted of expected)
      assert.ok(
        diagnosis.findings.some((finding) => isExpected(finding, wanted)),
        `${JSON.stringify(wanted)} is not among ${JSON.stringify(said(diagnosis))}`,
      )
    const others = diagnosis.findings.filter(
      (finding) => !mayAlso.includes(finding.id) && !expected.some((wanted) => isExpected(finding, wanted)),
    )
    assert.deepEqual(said({ ...diagnosis, findings: others }), [])
    for (const finding of diagnosis.findings)
      assert.ok(finding.evidence.length > 0 && finding.stillWorks !== '' && finding.whatToDo !== '', JSON.stringify(finding))
    world.release()
  })
}
