// doctor: how many of the injected pathologies `shoal doctor` names rightly (the finding, between whom, and nothing that is not so), each
// alone; and how many findings healthy pools get.

import type { BenchOptions } from './main.ts'
import { type Pathology, pathologies } from '../simulator/pathologies.ts'
import { doctor, isExpected, restingPool } from '../test/support/doctor.ts'

export async function run({ quick }: BenchOptions): Promise<object> {
  const missed: string[] = []
  let falselyNamed = 0
  let injected = 0
  for (const pathology of quick ? pathologies.slice(0, 6) : pathologies) {
    const { named, others } = play(pathology)
    injected += pathology.expected.length
    falselyNamed += others
    if (!named) missed.push(pathology.name)
  }
  let healthyFindings = 0
  for (const count of [1, 2, 4, 12]) {
    const { world, boards } = restingPool(count)
    healthyFindings += doctor(world, boards[0]!).findings.length
    world.release()
  }
  return {
    injected,
    named_rightly: injected - missed.length,
    missed,
    falsely_named: falselyNamed,
    findings_on_healthy_pools: healthyFindings,
  }
}

function play({ boards: count, askedOf, expected, mayAlso = [], inflict, ...setting }: Pathology): { named: boolean; others: number } {
  const { world, boards } = restingPool(count, setting)
  inflict(world, boards)
  const { findings } = doctor(world, boards[askedOf]!)
  world.release()
  const isWanted = (finding: (typeof findings)[number]): boolean => expected.some((wanted) => isExpected(finding, wanted))
  return {
    named: expected.every((wanted) => findings.some((finding) => isExpected(finding, wanted))),
    others: findings.filter((finding) => !isWanted(finding) && !mayAlso.includes(finding.id)).length,
  }
}
