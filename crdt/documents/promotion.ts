// What a job's document says of promotions (docs/adr/0026): which forms operators have promoted, and how each version asks for it.

import type { Doc } from '../doc.ts'
import { type Form, isName } from '../ids.ts'
import { type Scalar, below } from '../registers.ts'
import type { JobSpec } from '../spec.ts'
import type { Promotion, SpecOrder } from '../view.ts'
import { jobPaths } from './job-paths.ts'

/** `job promote`: the form that the group is to run. */
export function promotedPath(group: string): string {
  return `${jobPaths.promoted}/${group}`
}

/** Of two that were promoted on two sides at once both count, whichever the merge picked: each was healthy where somebody looked. */
export function promotedForms({ registers, conflicts }: Doc): ReadonlyMap<string, readonly Form[]> {
  const promoted = new Map<string, readonly Form[]>()
  for (const [group, value] of below(registers, jobPaths.promoted)) {
    if (!isName(group)) continue
    const forms = [value, ...(conflicts.get(promotedPath(group)) ?? [])].filter(isForm)
    if (forms.length > 0) promoted.set(group, [...new Set(forms)].sort())
  }
  return promoted
}

/** Below `x/` whoever may write the document may write anything. */
function isForm(value: Scalar): value is Form {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value)
}

export function promotionsOf({ groups }: JobSpec): ReadonlyMap<string, Promotion> {
  return new Map(
    groups.flatMap(({ name, update: { canary = 0, autoPromote } }) =>
      canary === 0 ? [] : [[name, { canaries: canary, auto: autoPromote === true }]],
    ),
  )
}

/**
 * Of two edits that ordered the same: who asks for fewer canaries, or for none, or for nobody's word, has let the version go further than
 * the other can take back.
 */
export function moreLenient(a: SpecOrder['promotions'], b: SpecOrder['promotions']): SpecOrder['promotions'] {
  return new Map(
    [...a].flatMap(([group, one]) => {
      const other = b.get(group)
      if (other === undefined) return []
      return [[group, { canaries: Math.min(one.canaries, other.canaries), auto: one.auto || other.auto }]]
    }),
  )
}
