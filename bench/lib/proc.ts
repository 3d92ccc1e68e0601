// What the kernel says of a process: CPU time, memory, bytes written to disk.

import { readFileSync } from 'node:fs'

/** Linux' USER_HZ is 100 on every platform that Node runs on. */
const ticksPerSecond = 100

/** CPU seconds, user and system, of all threads. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Megabytes (10^6): resident, and private (anonymous) memory, which cannot be evicted. */
export function memoryMb(pid: number): { rss: number; private: number } {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)?.[1] ?? 0)
  return { rss: (kib('Rss') * 1024) / 1e6, private: (kib('Private_Dirty') * 1024) / 1e6 }
}

export function bytesWritten(pid: number): number {
  return Number(/^write_bytes: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? 0)
}
