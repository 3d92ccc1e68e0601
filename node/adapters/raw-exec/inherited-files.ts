// Files that a process we start would get from us without anybody meaning it.

import { readFileSync, readdirSync } from 'node:fs'

const closedOnExec = 0o2000000

/**
 * LevelDB opens its files so that every process we start would inherit them: a task of another user could read and write the agent's
 * store, and files deleted there would keep their room while it runs. What stands behind such a number in the task is nothing. `firstFree`:
 * below it are the files that the process is meant to get.
 */
export function covered(nothing: number, firstFree: number): (number | 'ignore')[] {
  const stdio: (number | 'ignore')[] = []
  for (const file of inheritable(firstFree)) {
    while (firstFree + stdio.length < file) stdio.push('ignore')
    stdio.push(nothing)
  }
  return stdio
}

/** Numbers of our open files that a child process would get, ascending, above those that it is meant to get. */
function inheritable(firstFree: number): number[] {
  const open = readdirSync('/proc/self/fdinfo').map(Number)
  return open.filter((file) => file >= firstFree && isInherited(file)).sort((a, b) => a - b)
}

function isInherited(file: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${file}`, 'latin1'))?.[1]
    return flags !== undefined && (Number.parseInt(flags, 8) & closedOnExec) === 0
  } catch {
    return false // closed meanwhile
  }
}
