// A board in whose place another one has come is out for good: no operator's word brings its key back.

import { opsFromRegisters } from '../../crdt/documents/ops.ts'
import type { Doc } from '../../crdt/doc.ts'
import { CliError } from '../errors.ts'
import { safe, shortId } from '../render/words.ts'

/** `doc`: what operators wish about it. */
export function mustNotBeReplaced(name: string, { registers }: Pick<Doc, 'registers'>): void {
  const { replacedBy } = opsFromRegisters(registers)
  if (replacedBy.length === 0) return
  throw new CliError(
    'E_REPLACED',
    `node ${safe(name)} was replaced by ${replacedBy.map(shortId).join(', ')}, and its key never comes back`,
    {
      hint: 'empty the data directory of the board and let it join as a new one',
    },
  )
}
