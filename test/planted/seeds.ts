// `test/seeds.json`: planted bug → the seed that shows it and the rule that it breaks first.

import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Rule } from '../../simulator/chaos/invariants.ts'

export interface Recorded {
  readonly seed: number
  readonly rule: Rule
}

export const recordFile = fileURLToPath(new URL('../seeds.json', import.meta.url))

export function recorded(): Readonly<Record<string, Recorded>> {
  return existsSync(recordFile) ? (JSON.parse(readFileSync(recordFile, 'utf8')) as Record<string, Recorded>) : {}
}
