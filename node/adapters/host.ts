// What the board is: its processors, memory, disk and system, read once at start. Words are Nomad's where it has one
// (`cpu.arch`, `kernel.name`, `os.name` …), so that constraints can be taken over as they are.

import { readFile, statfs } from 'node:fs/promises'
import os from 'node:os'

import type { HostFacts } from '../core/ports.ts'

const mib = 1_024 * 1_024
/** A board whose clock nobody tells gets the speed of a slow one: placing too little is better than too much. */
const assumedMhz = 1_000
/** Free disk changes all the time; in these steps the node's document does not. */
const diskStepMib = 256

const archNames: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64', arm: 'arm', ia32: '386', riscv64: 'riscv64' }

export async function readHost(dataDir: string): Promise<HostFacts> {
  const cores = os.availableParallelism()
  const mhz = await coreMhz()
  const release = await osRelease()
  return {
    name: nodeNameOf(os.hostname()),
    cpuMhz: cores * mhz,
    memoryMib: Math.trunc(os.totalmem() / mib),
    diskMib: await freeDiskMib(dataDir),
    attributes: {
      'cpu.arch': archNames[process.arch] ?? process.arch,
      'cpu.numcores': String(cores),
      'cpu.frequency': String(mhz),
      'cpu.modelname': (os.cpus()[0]?.model ?? 'unknown').trim() || 'unknown',
      'kernel.name': process.platform,
      'kernel.version': os.release(),
      'os.name': release.get('ID') ?? process.platform,
      'os.version': release.get('VERSION_ID') ?? os.release(),
    },
  }
}

/** A host name as a node name: lower case, first label, nothing that the rule for names forbids. */
export function nodeNameOf(hostname: string): string {
  const label = hostname.toLowerCase().split('.')[0] ?? ''
  return (
    label
      .replace(/[^a-z0-9-]+/g, '-')
      .slice(0, 63)
      .replace(/^-+|-+$/g, '') || 'node'
  )
}

/** The highest speed of the first core. Many ARM kernels tell it only under /sys. */
async function coreMhz(): Promise<number> {
  const khz = Number(await readFile('/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq', 'utf8').catch(() => ''))
  if (khz > 0) return Math.trunc(khz / 1_000)
  return os.cpus()[0]?.speed || assumedMhz
}

async function freeDiskMib(path: string): Promise<number> {
  const stats = await statfs(path).catch(() => null)
  if (stats === null) return 0
  const free = (stats.bavail * stats.bsize) / mib
  return Math.trunc(free / diskStepMib) * diskStepMib
}

async function osRelease(): Promise<Map<string, string>> {
  const text = await readFile('/etc/os-release', 'utf8').catch(() => '')
  return new Map([...text.matchAll(/^([A-Z_]+)="?([^"\n]*)"?$/gm)].map((match) => [match[1]!, match[2]!]))
}
