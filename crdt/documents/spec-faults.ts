// A specification with all that is wrong with it: what its registers cannot be read as, and what its rules refuse.

import { type Result, ok, refuse } from '../errors.ts'
import type { Registers } from '../registers.ts'
import type { JobSpec } from '../spec.ts'
import { type Fault, faultText } from './fault.ts'
import { checkSpec } from './job-rules.ts'
import { readSpec } from './spec-reader.ts'

/** Every fault of the registers' kinds and of the specification's rules. */
export function specFaults(registers: Registers): { readonly spec: JobSpec; readonly faults: readonly Fault[] } {
  const read = readSpec(registers)
  const seen = new Set(read.faults.map((fault) => fault.path))
  return { spec: read.spec, faults: [...read.faults, ...checkSpec(read.spec).filter((fault) => !seen.has(fault.path))] }
}

/** The complete specification, or a refusal that names every fault, one a line. */
export function specFromRegisters(registers: Registers): Result<JobSpec, 'E_SPEC'> {
  const { spec, faults } = specFaults(registers)
  return faults.length === 0 ? ok(spec) : refuse('E_SPEC', faults.map(faultText).join('\n'))
}
