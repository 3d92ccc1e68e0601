// In which forms a bundle is written besides the overlay and its installer, which are always there: the others are wrappers around them.
// None is written unasked: a package and user-data hold the fleet's secrets once more.

import { InvalidArgumentError } from 'commander'

const forms = ['cloud-init', 'ansible', 'deb', 'compose'] as const

export type Form = (typeof forms)[number]

export const formsText = `${forms.join(', ')}, or all`

/** `deb,ansible`, or `all`; may be said more than once. */
export function parseForms(text: string, before: readonly Form[] = []): readonly Form[] {
  if (text === 'all') return forms
  const named = text.split(',')
  const strange = named.find((name) => !forms.some((form) => form === name))
  if (strange !== undefined) throw new InvalidArgumentError(`allowed: ${formsText}, separated by commas.`)
  return forms.filter((form) => before.includes(form) || named.includes(form))
}
