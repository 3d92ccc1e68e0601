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
  /** A file below /dev: without links, and its device number `major:minor` ('': it is no device); null: it is not there. */
  node(path: string): Promise<{ readonly path: string; readonly number: string } | null>
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
        const { rdev } = await stat(real)
        return { path: real, number: rdev === 0 ? '' : `${major(rdev)}:${minor(rdev)}` }
      } catch {
        return null
      }
    },
  }
}

/** As glibc takes them apart. Beyond 32 bits a shift would lose what it moves. */
function major(rdev: number): number {
  return Math.floor(rdev / 256) % 4_096
}

function minor(rdev: number): number {
  return (rdev % 256) + Math.floor(rdev / 1_048_576) * 256
}
