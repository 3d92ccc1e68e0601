// Copies that boards started because of an edit that turned out to be void (`rights/`). Whatever they run is in force nowhere any more;
// stopping or updating them all at once is not ours to decide. A copy counts only if void versions alone explain it, so that a void
// edit that says what a true one said, or that nobody ever acted on, keeps nothing from happening.

import type { Crypto } from '../crypto.ts'
import type { Doc } from '../doc.ts'
import type { Form } from '../ids.ts'
import type { Registers } from '../registers.ts'
import { type HistoryEntry, historyOf, registersAt } from '../replica-history.ts'
import type { JobView } from '../view.ts'
import { formOf } from './form.ts'
import { modelLimits } from './model-limits.ts'
import { specFaults } from './spec-faults.ts'

type Copies = Map<string, Map<Form, number>>

const none: JobView['held'] = new Map()

export function heldCopies(crypto: Crypto, doc: Doc): JobView['held'] {
  const { judged } = doc
  if (judged === undefined) return none
  const { of: raw, voided, released } = judged
  const open = historyOf(raw).filter(({ hash }) => voided.has(hash) && !released.has(hash))
  if (open.length === 0) return none
  const acted = copiesOf(crypto, [raw.registers, ...newest(open).map(({ hash }) => registersAt(raw, [hash]))])
  const standing = copiesOf(crypto, [doc.registers, ...newest(historyOf(doc)).map(({ hash }) => registersAt(doc, [hash]))])
  const held = new Map<string, Map<Form, readonly [number, number]>>()
  for (const [group, forms] of acted) {
    for (const [form, count] of forms) {
      const from = standing.get(group)?.get(form) ?? 0
      if (from < count) held.set(group, (held.get(group) ?? new Map()).set(form, [from, count]))
    }
  }
  return held
}

function newest(entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  return entries.slice(-modelLimits.fallbackEditsMax)
}

function copiesOf(crypto: Crypto, versions: readonly Registers[]): Copies {
  const copies: Copies = new Map()
  for (const registers of versions) {
    const { spec, faults } = specFaults(registers)
    if (faults.length > 0) continue
    for (const group of spec.groups) {
      const forms = copies.get(group.name) ?? new Map<Form, number>()
      const form = formOf(crypto, spec, group)
      forms.set(form, Math.max(forms.get(form) ?? 0, group.count))
      copies.set(group.name, forms)
    }
  }
  return copies
}
