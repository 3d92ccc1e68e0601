// One fault of a job file, in the four parts that every message has: where (file, line, column, path), what was found, and
// what is allowed. Faults are collected, never thrown: an operator gets all of them at once.

import { compareText } from '../../crdt/ids.ts'
import { jobFileLimits } from './limits.ts'

export interface FileFault {
  readonly file: string
  readonly line: number
  readonly column: number
  /** In the file's own words, dots between the parts; empty for the file as a whole. */
  readonly path: string
  readonly found: string
  readonly allowed: string
}

export function faultLine(fault: FileFault): string {
  const where = `${fault.file}:${fault.line}:${fault.column}`
  const path = fault.path === '' ? '' : `${fault.path}: `
  return `${where}: ${path}found ${fault.found}; allowed: ${fault.allowed}`
}

export function faultLines(faults: readonly FileFault[]): readonly string[] {
  const lines = faults.slice(0, jobFileLimits.faultsShownMax).map(faultLine)
  const more = faults.length - lines.length
  return more > 0 ? [...lines, `… and ${more} more`] : lines
}

/** In the order of the file, so that a reader can work downwards. */
export function byPosition(a: FileFault, b: FileFault): number {
  return a.line - b.line || a.column - b.column || compareText(a.path, b.path) || compareText(a.found, b.found)
}
