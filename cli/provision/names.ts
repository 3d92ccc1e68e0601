// Names of many boards in one word, as shells write them: `shop-{001..500}`.

import { isName, nameRule } from '../../crdt/ids.ts'
import { CliError } from '../errors.ts'

/** More than any fleet has of one kind; a typing error would fill the disk. */
export const boardsMax = 10_000

/** All names, in order; leading zeros are kept. Throws E_NAMES. */
export function expandNames(pattern: string): string[] {
  const [, before = '', first = '', last = '', after = ''] = /^([^{}]*)\{(\d+)\.\.(\d+)\}([^{}]*)$/.exec(pattern) ?? []
  const hint = 'write for example shop-{001..500}'
  if (first === '') {
    if (!isName(pattern)) throw new CliError('E_NAMES', `'${pattern}' is neither a name (${nameRule}) nor a row of names`, { hint })
    return [pattern]
  }
  const [from, to] = [Number(first), Number(last)]
  if (to < from) throw new CliError('E_NAMES', `'${pattern}' goes from ${from} down to ${to}`, { hint })
  if (to - from >= boardsMax) throw new CliError('E_NAMES', `'${pattern}' are more than ${boardsMax} names`)
  const names = Array.from({ length: to - from + 1 }, (_, index) => `${before}${String(from + index).padStart(first.length, '0')}${after}`)
  const strange = names.find((name) => !isName(name))
  if (strange !== undefined) throw new CliError('E_NAMES', `'${strange}' is not a name (${nameRule})`, { hint })
  return names
}
