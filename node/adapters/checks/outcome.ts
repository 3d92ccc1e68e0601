// Outcomes in words that are short enough to keep.

import { type CheckOutcome, checkOutputBytesMax } from '../../core/ports.ts'

export function passed(output: string): CheckOutcome {
  return { result: 'passed', output: shortened(output) }
}

export function failed(output: string): CheckOutcome {
  return { result: 'failed', output: shortened(output) }
}

export function refused(output: string): CheckOutcome {
  return { result: 'refused', output: shortened(output) }
}

/** Cut at a character's end, without the line break that most programs end with. */
export function shortened(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const kept =
    bytes.length <= checkOutputBytesMax ? text : new TextDecoder().decode(bytes.subarray(0, checkOutputBytesMax - 3), { stream: true })
  return kept.trimEnd()
}
