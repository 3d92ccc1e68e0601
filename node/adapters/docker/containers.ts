// One task's container at the engine: find, create, begin, end, remove. Each step may find that an earlier agent, killed in the
// middle, has done it already.

import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ContainerCreateOptions, ContainerInspectInfo } from 'dockerode'
import type { NodeId } from '../../../crdt/ids.ts'
import type { TaskFile, TaskId, TaskRequest } from '../../core/ports.ts'
import { type StoredEntry, type TarEntry, tarStream } from '../tar.ts'
import { bytesOf } from '../task/task-dir.ts'
import { containerConfig, taskDir } from './container-config.ts'
import { type Engine, EngineError } from './engine.ts'
import { isStatus } from './failure.ts'
import { containerName, idLabel, nodeLabel } from './labels.ts'

export interface Found {
  readonly container: string
  readonly labels: Readonly<Record<string, string>>
  readonly state: ContainerInspectInfo['State']
}

const configLabel = 'shoal.config'
// After SIGKILL only a process inside a hung disk or driver call stays.
const killWaitMs = 15_000
/** Beside the time that large files take on a worn card. */
const giveMs = 120_000
const slowDiskBytesPerMs = 500

export async function findContainer(engine: Engine, id: TaskId): Promise<Found | undefined> {
  try {
    const info = await engine.call((docker, abortSignal) => docker.getContainer(containerName(id)).inspect({ abortSignal } as object))
    return { container: info.Id, labels: info.Config.Labels, state: info.State }
  } catch (error) {
    if (isStatus(error, 404)) return undefined
    throw error
  }
}

export function isOurs(found: Found, node: NodeId, id: TaskId): boolean {
  return found.labels[nodeLabel] === node && found.labels[idLabel] === id
}

/** Whether it was made from this very request: then it can be started again, and keeps its log. */
export function isMadeFrom(found: Found, node: NodeId, task: TaskRequest): boolean {
  return found.state.Status !== 'dead' && found.state.Status !== 'removing' && found.labels[configLabel] === configHash(node, task)
}

export async function createContainer(engine: Engine, node: NodeId, task: TaskRequest, image: string, init: boolean): Promise<string> {
  const config = containerConfig(node, task, { image, init })
  const body = { ...config, Labels: { ...config.Labels, [configLabel]: configHash(node, task) } }
  // The library would put all of it, secrets included, into the request's address as well.
  const request = { _query: { name: containerName(task.id) }, _body: body } as ContainerCreateOptions
  const made = await engine.call((docker) => docker.createContainer(request))
  return made.id
}

/**
 * In the place of what is there under these names: a task that is started again finds them as they were given. The engine takes a file away
 * before it unpacks the next one.
 */
export async function giveFiles(engine: Engine, container: string, { files = [] }: TaskRequest): Promise<void> {
  if (files.length === 0) return
  const entries = await Promise.all(files.map(entryOf))
  const archive = Readable.from(tarStream([...foldersOf(entries), ...entries], 0), { objectMode: false })
  const bytes = entries.reduce((sum, entry) => sum + (entry.kind === 'stored' ? entry.size : 0), 0)
  const deadlineMs = giveMs + bytes / slowDiskBytesPerMs
  await engine.call((docker) => docker.getContainer(container).putArchive(archive, { path: taskDir }), deadlineMs)
}

async function entryOf(file: TaskFile): Promise<TarEntry | StoredEntry> {
  if (file.kind !== 'artifact')
    return { kind: 'file', path: file.path, mode: file.kind === 'payload' ? 0o644 : file.mode, bytes: bytesOf(file, taskDir) }
  const { path, mode, stored = '' } = file
  return { kind: 'stored', path, mode, from: stored, size: (await stat(stored)).size }
}

/** Each before what is in it. */
function foldersOf(entries: readonly { readonly path: string }[]): readonly TarEntry[] {
  const above = entries.flatMap(({ path }) => [...path.matchAll(/\//g)].map(({ index }) => path.slice(0, index + 1)))
  return [...new Set(above)].map((path) => ({ kind: 'folder', path, mode: 0o755 }))
}

export async function beginContainer(engine: Engine, container: string): Promise<void> {
  try {
    await engine.call((docker, abortSignal) => docker.getContainer(container).start({ abortSignal }))
  } catch (error) {
    // Not modified: it runs already.
    if (!isStatus(error, 304)) throw error
  }
}

/** Resolves true when it no longer runs; false when it could not be killed. */
export async function endContainer(engine: Engine, container: string, signal: string, timeoutMs: number): Promise<boolean> {
  await signalContainer(engine, container, signal)
  if (timeoutMs > 0 && (await isOverWithin(engine, container, timeoutMs))) return true
  await signalContainer(engine, container, 'SIGKILL')
  return isOverWithin(engine, container, killWaitMs)
}

export async function signalContainer(engine: Engine, container: string, signal: string): Promise<void> {
  try {
    await engine.call((docker, abortSignal) => docker.getContainer(container).kill({ signal, abortSignal } as object))
  } catch (error) {
    // Gone, or not running any more, for which Podman has no status of its own.
    if (!isStatus(error, 404, 409) && (await isRunning(engine, container))) throw error
  }
}

async function isRunning(engine: Engine, container: string): Promise<boolean> {
  try {
    const info = await engine.call((docker, abortSignal) => docker.getContainer(container).inspect({ abortSignal } as object))
    return info.State.Running
  } catch (error) {
    if (isStatus(error, 404)) return false
    throw error
  }
}

async function isOverWithin(engine: Engine, container: string, timeoutMs: number): Promise<boolean> {
  const started = performance.now()
  try {
    await engine.call((docker, abortSignal) => docker.getContainer(container).wait({ abortSignal }), timeoutMs)
    return true
  } catch (error) {
    if (isStatus(error, 404)) return true
    // The deadline, which is what the caller asked about; an engine that fell away answers sooner.
    if (error instanceof EngineError && error.status === null && performance.now() - started >= timeoutMs) return false
    throw error
  }
}

export async function removeContainer(engine: Engine, container: string): Promise<void> {
  try {
    await engine.call((docker, abortSignal) => docker.getContainer(container).remove({ force: true, v: true, abortSignal } as object))
  } catch (error) {
    // Gone, or being removed by somebody else.
    if (!isStatus(error, 404, 409)) throw error
  }
}

/** Of what the job asked for, whatever this board makes of it (an image's id, an init). */
function configHash(node: NodeId, task: TaskRequest): string {
  const config = containerConfig(node, task, { image: task.spec.config.image ?? '', init: true })
  return createHash('sha256').update(JSON.stringify(config)).digest('hex').slice(0, 16)
}
