// Ends what the demo's boards ran as plain processes: they work inside its folder and outlive their agents on purpose. Synchronous,
// since it is also what an ending process does last. Finds nothing where there is no /proc, and leaves containers alone.

import { readdirSync, readlinkSync } from 'node:fs'

/** A process that begins another one between two looks is seen by the next; more rounds than that is a fork bomb. */
const roundsMax = 10

export function killTasks(folder: string): void {
  for (let round = 0; round < roundsMax; round++) {
    const left = processesIn(folder)
    if (left.length === 0) return
    for (const pid of left) kill(pid)
  }
}

function processesIn(folder: string): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && worksIn(pid, folder))
  } catch {
    return []
  }
}

function worksIn(pid: number, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`)
  } catch {
    return false // gone, a zombie, or another user's
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone meanwhile
  }
}
