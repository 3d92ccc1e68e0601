// A task's id becomes a folder and a container's name, so it must be harmless as both.

import { assert } from '../../../crdt/errors.ts'
import type { TaskId } from '../../core/ports.ts'

// Letters, digits, dot, dash, underscore; begins with a letter or digit (so never `.` or `..`); below the 255 bytes of a file name.
const pattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/

export function isTaskId(text: string): boolean {
  return pattern.test(text)
}

export function assertTaskId(id: TaskId): void {
  assert(isTaskId(id), `not a task id: ${JSON.stringify(id).slice(0, 80)}`)
}
