// A job's version as every listing shows it: `epoch.count.hash`.

import type { JobVersion } from '../../crdt/view.ts'

const hashShown = 8

export function versionText({ epoch, count, hash }: JobVersion): string {
  return `${epoch}.${count}.${hash.slice(0, hashShown)}`
}
