// How a run of a periodic job is named in slots: its groups are those of the job with the due time behind their names.

import type { CivilSeconds } from './civil-time.ts'
import type { Form } from './ids.ts'

const pattern = /^(.+)-(\d{10})$/

/** A name like any other, so that agents which know nothing of runs take and pass on their claims. */
export function runGroup(group: string, due: CivilSeconds): string {
  return `${group}-${String(due).padStart(10, '0')}`
}

export function isRunName(group: string): boolean {
  return pattern.test(group)
}

/** null: no run's. */
export function runOf(group: string): { readonly group: string; readonly due: CivilSeconds } | null {
  const parts = pattern.exec(group)
  return parts === null ? null : { group: parts[1] ?? '', due: Number(parts[2]) }
}

/**
 * What a run does stays what it was when it began, so its form is its time: another program of the job is for later runs, and what is complete
 * is complete.
 */
export function runForm(due: CivilSeconds): Form {
  return due.toString(16).padStart(16, '0') as Form
}

/** Groups of any job may be named like that: only a run has this form as well. */
export function isRun(group: string, form: string): boolean {
  const run = runOf(group)
  return run !== null && form === runForm(run.due)
}
