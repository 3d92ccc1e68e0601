// Job files for the tests: small processes, and waits short enough to look at.

import type { DriverName } from '../../../crdt/spec.ts'

export interface JobWishes {
  readonly count?: number
  readonly type?: 'batch'
  readonly periodic?: object
  readonly pool?: string
  readonly script?: string
  readonly driver?: DriverName
  readonly image?: string
  /** More keys of the group. */
  readonly group?: Readonly<Record<string, unknown>>
  /** More keys of the task. */
  readonly task?: Readonly<Record<string, unknown>>
  readonly resources?: { readonly cpu?: string; readonly memory?: string }
}

export function job(name: string, wishes: JobWishes = {}): object {
  const {
    count = 1,
    type,
    periodic,
    pool,
    script = 'exec sleep 1000000',
    driver = 'raw_exec',
    image,
    group = {},
    task = {},
    resources = {},
  } = wishes
  const config = { ...(image === undefined ? {} : { image }), command: '/bin/sh', args: ['-c', script] }
  return {
    job: name,
    ...(pool === undefined ? {} : { pool }),
    ...(type === undefined ? {} : { type }),
    ...(periodic === undefined ? {} : { periodic }),
    groups: {
      g: {
        count,
        ...(type === undefined ? { update: { min_healthy_time: '1s', healthy_deadline: '1m' } } : {}),
        disconnect: { replace_after: '5s' },
        tasks: { app: { driver, config, resources: { cpu: '20 MHz', memory: '16 MiB', ...resources }, ...task } },
        ...group,
      },
    },
  }
}
