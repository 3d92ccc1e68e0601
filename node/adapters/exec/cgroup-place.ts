// Where on this board the cgroups of tasks can be: one hierarchy with all controllers (v2), or one for each (v1). Read from the list of mounts;
// where the kernel lacks what a limit needs, the words say how to get it.

import { join } from 'node:path'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'

export const controllers = ['cpu', 'memory', 'pids'] as const
export type Controller = (typeof controllers)[number]

export interface CgroupPlace {
  readonly version: 1 | 2
  /** Where the hierarchy with each controller is mounted; the same three times with v2. */
  readonly mounts: Readonly<Record<Controller, string>>
  /** The folder in each that holds those of tasks. */
  readonly parent: string
}

interface Mount {
  readonly path: string
  readonly kind: string
  readonly options: readonly string[]
}

/** `controllersAt`: what stands in `cgroup.controllers` of a mounted v2 hierarchy. */
export function findCgroups(
  mounts: string,
  parent: string,
  controllersAt: (mount: string) => string,
): Result<CgroupPlace, 'E_DRIVER_DOWN'> {
  const all = mounts.split('\n').map(mountOf)
  const unified = unifiedOf(all)
  const offered = unified === undefined ? [] : controllersAt(unified).trim().split(/\s+/)
  const lackingOf = (have: (controller: Controller) => boolean): Controller[] => controllers.filter((controller) => !have(controller))
  const lackingInV2 = lackingOf((controller) => offered.includes(controller))
  if (unified !== undefined && lackingInV2.length === 0) {
    return ok({ version: 2, mounts: { cpu: unified, memory: unified, pids: unified }, parent })
  }
  const old = new Map(all.flatMap(({ kind, options, path }) => (kind === 'cgroup' ? options.map((option) => [option, path] as const) : [])))
  const lackingInV1 = lackingOf((controller) => old.has(controller))
  if (lackingInV1.length === 0) {
    const mountOfController = (controller: Controller): string => old.get(controller) ?? ''
    return ok({
      version: 1,
      mounts: { cpu: mountOfController('cpu'), memory: mountOfController('memory'), pids: mountOfController('pids') },
      parent,
    })
  }
  // A mount of v1 may have another use beside v2.
  const isV1 = unified === undefined || lackingInV1.length < lackingInV2.length
  return refuse('E_DRIVER_DOWN', lackingWords(isV1 ? lackingInV1 : lackingInV2, old.size > 0 || unified !== undefined))
}

/** There may be several; only some of them can be written to. */
function unifiedOf(mounts: readonly Mount[]): string | undefined {
  const all = mounts.filter(({ kind }) => kind === 'cgroup2')
  const writable = all.filter(({ options }) => options.includes('rw'))
  const usual = (writable.length > 0 ? writable : all).toSorted((a, b) => Number(b.path === usualPath) - Number(a.path === usualPath))
  return usual[0]?.path
}

const usualPath = '/sys/fs/cgroup'

/** `device path kind options …`, blanks as octal numbers. */
function mountOf(line: string): Mount {
  const [, path = '', kind = '', options = ''] = line.split(' ')
  const plain = path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCodePoint(Number.parseInt(digits, 8)))
  return { path: plain, kind, options: options.split(',') }
}

function lackingWords(lacking: readonly Controller[], isAnyThere: boolean): string {
  if (!isAnyThere) return 'exec needs cgroups, and none are mounted here: mount cgroup2 on /sys/fs/cgroup'
  const what = `exec needs the kernel's cgroup controllers ${controllers.join(', ')}; missing here: ${lacking.join(', ')}`
  // As Raspberry Pi OS boots.
  return lacking.includes('memory') ? `${what} (on a Raspberry Pi: add cgroup_enable=memory to cmdline.txt and start it anew)` : what
}

export function parentsOf({ mounts, parent }: CgroupPlace): readonly string[] {
  return [...new Set(controllers.map((controller) => join(mounts[controller], parent)))]
}
