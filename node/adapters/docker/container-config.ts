// From a task's specification to the engine's request for a container. Only what Docker and Podman both know.

import type { ContainerCreateOptions, HostConfig } from 'dockerode'
import type { NodeId } from '../../../crdt/ids.ts'
import { type TaskConfig, hasTaskDir } from '../../../crdt/spec.ts'
import type { GrantedDevice, TaskRequest } from '../../core/ports.ts'
import { withTaskDir } from '../task/task-dir.ts'
import { labelsOf } from './labels.ts'

export interface ContainerChoices {
  /** What the engine calls the image: its name, or its id when it has no name here. */
  readonly image: string
  /** Run the engine's small init as process 1: it reaps, and lets signals end programs that do not handle them. */
  readonly init: boolean
}

/** Nomad's place for it. */
export const taskDir = '/local'

// The engine refuses less.
const memoryMibMin = 6
const sharesMin = 2
const bytesPerMib = 1024 * 1024

export function containerConfig(node: NodeId, asked: TaskRequest, choices: ContainerChoices): ContainerCreateOptions {
  const task = withTaskDir(asked, taskDir)
  const { spec } = task
  const { config } = spec
  const command = commandOf(config)
  return {
    Image: choices.image,
    Labels: labelsOf(node, task),
    Env: Object.entries(task.env).map(([name, value]) => `${name}=${value}`),
    StopSignal: spec.killSignal,
    ...(command === undefined ? {} : { Cmd: command }),
    ...(config.entrypoint === undefined ? {} : { Entrypoint: [...config.entrypoint] }),
    ...(config.workDir === undefined ? {} : { WorkingDir: config.workDir }),
    ...(config.user === undefined ? {} : { User: config.user }),
    // A volume without a name goes with its container, and can be written to before the start, also where the root cannot.
    ...(hasTaskDir(spec) ? { Volumes: { [taskDir]: {} } } : {}),
    ...(task.network.mode === 'bridge' ? { ExposedPorts: exposedPorts(task) } : {}),
    HostConfig: hostConfig(task, choices),
  }
}

function hostConfig(task: TaskRequest, choices: ContainerChoices): HostConfig {
  const { spec, network } = task
  const memory = Math.max(spec.resources.memoryMib, memoryMibMin) * bytesPerMib
  return {
    NetworkMode: network.mode,
    ...(network.mode === 'bridge' ? { PortBindings: portBindings(task) } : {}),
    Binds: [...spec.config.volumes],
    ...(task.devices === undefined ? {} : { Devices: task.devices.map(deviceMapping) }),
    Memory: memory,
    // The same number for both means no swap: it is a board's SD card.
    MemorySwap: memory,
    // Shares decide only when the CPU is short: idle MHz are free for whoever wants them.
    CpuShares: Math.max(spec.resources.cpuMhz, sharesMin),
    Privileged: spec.config.privileged,
    ReadonlyRootfs: spec.config.readOnlyRoot,
    // The agent restarts what it wants restarted: two who do it never agree.
    RestartPolicy: { Name: 'no' },
    LogConfig: {
      Type: 'json-file',
      Config: { 'max-size': `${Math.max(1, spec.logs.maxFileSizeMib)}m`, 'max-file': String(Math.max(1, spec.logs.maxFiles)) },
    },
    ...(choices.init ? { Init: true } : {}),
  }
}

/** Under its own name, as on the board. An object for each: no separator can be mistaken. */
function deviceMapping({ path }: GrantedDevice): { PathOnHost: string; PathInContainer: string; CgroupPermissions: string } {
  return { PathOnHost: path, PathInContainer: path, CgroupPermissions: 'rwm' }
}

function commandOf(config: TaskConfig): string[] | undefined {
  if (config.command !== undefined) return [config.command, ...config.args]
  return config.args.length > 0 ? [...config.args] : undefined
}

/** `8080/tcp` → number on the board. Both protocols, as Nomad maps them: a port is not said to be one or the other. */
function mappedPorts(task: TaskRequest): [string, number][] {
  const pairs: [string, number][] = []
  for (const { label, to } of task.network.ports) {
    const outside = task.ports[label]
    if (outside === undefined) continue
    for (const protocol of ['tcp', 'udp']) pairs.push([`${to ?? outside}/${protocol}`, outside])
  }
  return pairs
}

function exposedPorts(task: TaskRequest): Record<string, object> {
  return Object.fromEntries(mappedPorts(task).map(([inside]) => [inside, {}]))
}

function portBindings(task: TaskRequest): Record<string, { HostPort: string }[]> {
  const bindings: Record<string, { HostPort: string }[]> = {}
  for (const [inside, outside] of mappedPorts(task)) (bindings[inside] ??= []).push({ HostPort: String(outside) })
  return bindings
}
