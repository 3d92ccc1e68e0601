// Folders that tasks can change while the agent, perhaps as root, works in them: each is held open, and what is in it is named through that.
// So it stays the folder that was looked at, and no link that a task puts into its place is followed.

import { constants, openSync } from 'node:fs'

/** Throws for a link. Whoever opens it closes it. */
export function openFolder(path: string | Buffer): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
}

/** What the kernel calls the folder that is open, whatever its names become. */
export function pathOf(folder: number): string {
  return `/proc/self/fd/${folder}`
}
