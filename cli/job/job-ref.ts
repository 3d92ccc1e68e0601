// How a job is named on the command line: `name` in the namespace `default`, or `namespace/name`.

import { jobDefaults } from '../../crdt/documents/defaults.ts'
import { type JobId, isName, jobId, nameRule } from '../../crdt/ids.ts'
import { CliError } from '../errors.ts'

export function parseJob(text: string): JobId {
  const parts = text.split('/')
  const [first = '', second] = parts
  const [namespace, name] = second === undefined ? [jobDefaults.namespace, first] : [first, second]
  if (parts.length > 2 || !isName(namespace) || !isName(name)) {
    throw new CliError('E_JOB_NAME', `'${text.slice(0, 140)}' is not a job's name (NAME or NAMESPACE/NAME; ${nameRule})`)
  }
  return jobId(namespace, name)
}

/** Without the namespace that needs no saying. */
export function shortJob(id: string): string {
  const prefix = `${jobDefaults.namespace}/`
  return id.startsWith(prefix) ? id.slice(prefix.length) : id
}
