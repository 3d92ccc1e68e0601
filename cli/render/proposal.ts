// A change of the fleet document that waits for signatures, in words; what has none is shown as it would be written.

import type { OperatorId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { plural, safe } from './words.ts'

export type KeyNames = ReadonlyMap<OperatorId, string>

export function changeLines(writes: ReadonlyMap<string, Scalar>, names: KeyNames): readonly string[] {
  return [...writes].map(([path, value]) => safe(wordsFor(path.split('/'), value, names) ?? `${path} = ${String(value)}`))
}

function wordsFor([kind, id = '', field]: readonly string[], value: Scalar, names: KeyNames): string | null {
  const known = names.get(id as OperatorId)
  const key = known === undefined ? id : `${id} (${known})`
  if (kind === 'operator' && field === 'role')
    return `make the key ${key} ${value === 'admin' ? 'an admin' : `a key with the role ${String(value)}`}`
  if (kind === 'operator' && field === 'name') return `name the key ${id} '${String(value)}'`
  if (kind === 'revoked') return `revoke the key ${key}`
  if (kind === 'admission') return `admission: ${String(value)}`
  if (kind !== 'x') return null
  if (id === 'threshold') return `the threshold is ${String(value)}`
  if (id === 'stolen') return `nothing is built on what ${field ?? ''} wrote: it was stolen`
  return id === 'psk' ? `${pskWords(field ?? '')} (${String(value)})` : null
}

function pskWords(digest: string): string {
  return `the pre-shared key ${digest.slice(0, 16)} is opened or closed`
}

export function missingText(signed: number, needed: number, id: string): string {
  const missing = needed - signed
  if (missing <= 0)
    return `enough admins have signed it: shoal fleet approve ${id} puts it into effect, by one who was an admin before any that it revokes\n`
  return `${plural(missing, 'more admin')} of ${needed} ${missing === 1 ? 'signs' : 'sign'} it with: shoal fleet approve ${id}\n`
}
