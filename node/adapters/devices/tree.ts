// The board's `/sys` and `/dev` as the finder reads them: an interface, so that a test can be any board. Paths begin at the root of the
// tree in question. Nothing here throws: what cannot be read is not there.

import { readFile, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'

export interface DeviceTree {
  /** Names in a folder of sysfs, sorted; null: it cannot be read. */
  list(path: string): Promise<readonly string[] | null>
  /** A file of sysfs, trimmed; null: it is not there, or not for us. */
  read(path: string): Promise<string | null>
  /** Where a path of sysfs leads, without links; null: nowhere. */
  real(path: string): Promise<string | null>
  /** A file below /dev; null: it is not there. */
  node(path: string): Promise<DeviceNode | null>
}

export interface DeviceNode {
  /** Without links, as the host sees it. */
  readonly path: string
  /** `major:minor`; '': it is no device. */
  readonly number: string
  readonly isBlock: boolean
}

/** Attributes are one page of memory; product names a line. */
const readCharsMax = 4_096

/** `sys` and `dev`: where the host's own are found, which a container has elsewhere. */
export function folderTree({ sys, dev }: { readonly sys: string; readonly dev: string }): DeviceTree {
  return {
    list: (path) =>
      readdir(join(sys, path)).then(
        (names) => names.toSorted(),
        () => null,
      ),
    read: (path) =>
      readFile(join(sys, path), 'utf8').then(
        (text) => text.slice(0, readCharsMax).trim(),
        () => null,
      ),
    async real(path) {
      const root = await realpath(sys).catch(() => null)
      const found = await realpath(join(sys, path)).catch(() => null)
      return root === null || found === null || !found.startsWith(`${root}/`) ? null : found.slice(root.length)
    },
    async node(path) {
      const inside = dev === '/dev' ? path : path.replace(/^\/dev(?=\/)/, dev)
      try {
        const real = await realpath(inside)
        const stats = await stat(real)
        const { rdev } = stats
        return { path: await asHost(real, dev), number: rdev === 0 ? '' : `${major(rdev)}:${minor(rdev)}`, isBlock: stats.isBlockDevice() }
      } catch {
        return null
      }
    },
  }
}

/** Engines and tasks open it there, not where the agent's container has it. */
async function asHost(real: string, dev: string): Promise<string> {
  const root = await realpath(dev)
  return real.startsWith(`${root}/`) ? `/dev${real.slice(root.length)}` : real
}

/** As glibc takes them apart. Beyond 32 bits a shift would lose what it moves. */
function major(rdev: number): number {
  return Math.floor(rdev / 256) % 4_096
}

function minor(rdev: number): number {
  return (rdev % 256) + Math.floor(rdev / 1_048_576) * 256
}
