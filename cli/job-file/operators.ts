// Words of Nomad for operators that have another word already: read in a job file, never written into a document, so that two sides of
// a split that mean the same write the same.

import type { ConstraintOperator } from '../../crdt/spec.ts'

export const operatorAliases: Readonly<Record<string, ConstraintOperator>> = {
  '==': '=',
  is: '=',
  not: '!=',
  set_contains_all: 'set_contains',
}

/** The one word for it; a word that nobody knows stays, for the rules to refuse. */
export function operatorOf(word: string): ConstraintOperator {
  return Object.hasOwn(operatorAliases, word) ? (operatorAliases[word] as ConstraintOperator) : (word as ConstraintOperator)
}
