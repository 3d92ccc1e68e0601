// Where a task finds what it was given, as the task is told: only its driver knows. The core has put a mark there.

import { hasTaskDir } from '../../../crdt/spec.ts'
import { type ArtifactFile, type TaskFile, type TaskRequest, taskDirMark } from '../../core/ports.ts'

const name = 'SHOAL_TASK_DIR'

/** The request with that folder in its environment, and for `${SHOAL_TASK_DIR}`; as it was if the task is given nothing. */
export function withTaskDir(task: TaskRequest, folder: string): TaskRequest {
  const { spec } = task
  if (!hasTaskDir(spec)) return task
  const fill = (text: string): string => fillTaskDir(text, folder)
  const { command, args, entrypoint } = spec.config
  const config = {
    ...spec.config,
    ...(command === undefined ? {} : { command: fill(command) }),
    ...(entrypoint === undefined ? {} : { entrypoint: entrypoint.map(fill) }),
    args: args.map(fill),
  }
  const env = Object.fromEntries(Object.entries(task.env).map(([key, value]) => [key, fill(value)]))
  return { ...task, env: { ...env, [name]: folder }, spec: { ...spec, config } }
}

/** What stands in the file, for a task that is told this folder. */
export function bytesOf(file: Exclude<TaskFile, ArtifactFile>, folder: string): Buffer {
  return file.kind === 'payload' ? Buffer.from(file.base64, 'base64') : Buffer.from(fillTaskDir(file.text, folder))
}

export function fillTaskDir(text: string, folder: string): string {
  return text.replaceAll(taskDirMark, () => folder)
}
