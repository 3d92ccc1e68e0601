// Copies that boards started because of an edit that turned out to be void (`rights/`). Whatever they run is in force nowhere any more;
// stopping or updating them all at once is not ours to decide. While there are such edits, every copy is held that no standing version
// explains. So nothing that a void edit says decides what is held: its author cannot let go what runs by it, nor freeze what runs
// rightly.

import type { Crypto } from '../crypto.ts'
import type { Doc } from '../doc.ts'
import type { ChangeHash, Form } from '../ids.ts'
import type { Registers } from '../registers.ts'
import { Remembered } from '../remembered.ts'
import { type HistoryEntry, historyOf, registersAt } from '../replica-history.ts'
import { byHash, pastOf } from '../rights/past.ts'
import type { HeldCopies } from '../view.ts'
import { shortHash } from './canonical.ts'
import { formOf } from './form.ts'
import { jobPaths } from './job-paths.ts'
import { modelLimits } from './model-limits.ts'
import { specFaults } from './spec-faults.ts'

/** Group, form and how many copies of it: what a version asks for. */
type Copies = readonly (readonly [group: string, form: Form, count: number])[]

/** Where copies of a system job run, and no part of their form. */
const placePaths = /(^|\/)constraints\/|^spec\/type$/

/** null: there are no void edits about which nobody has spoken. */
export function heldCopies(crypto: Crypto, doc: Doc): HeldCopies | null {
  const open = openVoids(doc)
  if (open.length === 0) return null
  const standing = new Map<string, Map<Form, number>>()
  for (const [group, form, count] of standingCopies(crypto, doc)) {
    const forms = standing.get(group) ?? new Map<Form, number>()
    standing.set(group, forms.set(form, Math.max(forms.get(form) ?? 0, count)))
  }
  return { standing, places: open.some(({ writes }) => [...writes.keys()].some((path) => placePaths.test(path))) }
}

/** Nothing but void edits ever said what the job is, and all of them are given up: it is as if nobody had submitted it. */
export function isGivenUp(doc: Doc): boolean {
  if (doc.judged === undefined || openVoids(doc).length > 0) return false
  return !historyOf(doc).some(({ writes }) => [...writes.keys()].some((path) => path.startsWith('spec/')))
}

/** Void edits that nobody has given up, and that were not known to whoever ordered the job to stop. */
function openVoids(doc: Doc): readonly HistoryEntry[] {
  const { judged } = doc
  if (judged === undefined) return []
  const entries = historyOf(judged.of)
  const known = pastOf(byHash(entries), (doc.registers.get(jobPaths.desired) ?? 'run') === 'run' ? [] : stopsIn(historyOf(doc)))
  return entries.filter(({ hash }) => judged.voided.has(hash) && !judged.released.has(hash) && !known.has(hash))
}

function stopsIn(standing: readonly HistoryEntry[]): readonly ChangeHash[] {
  return standing.filter(({ writes }) => (writes.get(jobPaths.desired) ?? 'run') !== 'run').map(({ hash }) => hash)
}

/** Under a version's change and what is void in its past. */
const copiesRead = new Remembered<Copies>(1_024)

/** Of what stands now, of the newest standing edits, and of what each of them found when it joined several. */
function standingCopies(crypto: Crypto, doc: Doc): Copies {
  const known = voidsBehind(crypto, doc)
  const newest = historyOf(doc).slice(-modelLimits.fallbackEditsMax)
  const before = newest.flatMap(({ hash, deps }) =>
    copiesRead.of(`${hash} ${known.get(hash)}`, () => {
      const joined = deps.length > 1 ? copiesOf(crypto, registersAt(doc, deps)) : []
      return [...joined, ...copiesOf(crypto, registersAt(doc, [hash]))]
    }),
  )
  return [...before, ...copiesOf(crypto, doc.registers)]
}

/** For each change a name for what is void in its past: the same for the same. */
function voidsBehind(crypto: Crypto, doc: Doc): ReadonlyMap<ChangeHash, string> {
  const { of: raw, voided } = doc.judged!
  const names = new Map<ChangeHash, string>()
  for (const { hash, deps } of historyOf(raw)) {
    const behind = deps.map((dep) => names.get(dep) ?? '')
    const name = new Set(behind).size < 2 ? (behind[0] ?? '') : shortHash(crypto, behind.join(' '), 32)
    names.set(hash, voided.has(hash) ? shortHash(crypto, `${name} ${hash}`, 32) : name)
  }
  return names
}

function copiesOf(crypto: Crypto, registers: Registers): Copies {
  const { spec, faults } = specFaults(registers)
  return faults.length > 0 ? [] : spec.groups.map((group) => [group.name, formOf(crypto, spec, group), group.count] as const)
}
