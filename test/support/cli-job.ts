// A small job file for tests of commands.

import type { JobType } from '../../crdt/spec.ts'

export interface JobFileLike {
  readonly pool?: string
  readonly priority?: number
  readonly count?: number
  readonly args?: readonly string[]
  readonly type?: JobType
  readonly constraint?: string
  readonly cron?: string
}

export function jobText({ pool, priority, count, args = [], type, constraint, cron }: JobFileLike): string {
  return `job: hello
${pool === undefined ? '' : `pool: ${pool}\n`}${priority === undefined ? '' : `priority: ${priority}\n`}${type === undefined ? '' : `type: ${type}\n`}${constraint === undefined ? '' : `constraints: [{ attribute: '\${node.unique.name}', value: ${constraint} }]\n`}${cron === undefined ? '' : `periodic: { cron: "${cron}" }\n`}groups:
  main:
${count === undefined ? '' : `    count: ${count}\n`}    tasks:
      app: { driver: raw_exec, config: { command: /bin/true, args: ${JSON.stringify(args)} } }
`
}
