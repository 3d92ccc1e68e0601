// Claims and verdicts as registers of a node document, keyed by slot and not by fresh ids: keys that come and go are what makes
// history grow. Zero, false and the empty text are not written. Reading is tolerant: a claim without its essentials is dropped, an
// odd detail reads as absent; nothing here throws on a stranger's registers.

import { type AllocId, type Form, type Generation, type NodeId, type SlotId, isPeerId } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import {
  type Claim,
  type ClaimState,
  type JobVersion,
  type Resources,
  type TaskState,
  type TaskStatus,
  type Verdict,
  claimStates,
} from '../view.ts'
import { type RegisterTree, child, namesOf } from './register-tree.ts'

type Out = Map<string, Scalar>

export function versionText(version: JobVersion): string {
  return `${version.epoch}.${version.count}.${version.hash}`
}

export function parseVersion(text: string): JobVersion | null {
  const parts = /^([0-9]{1,15})\.([0-9]{1,15})\.([0-9a-f]{16})$/.exec(text)
  return parts === null ? null : { epoch: Number(parts[1]), count: Number(parts[2]), hash: parts[3] ?? '' }
}

/** Leaves out what reading gives anyway. */
function put(out: Out, path: string, value: Scalar): void {
  if (value !== '' && value !== 0 && value !== false) out.set(path, value)
}

export function writeClaim(out: Out, claim: Claim): void {
  const at = `claim/${claim.slot}/`
  put(out, `${at}alloc`, claim.alloc)
  put(out, `${at}generation`, claim.generation)
  put(out, `${at}version`, versionText(claim.version))
  put(out, `${at}form`, claim.form)
  put(out, `${at}state`, claim.state)
  put(out, `${at}healthy`, claim.healthy)
  put(out, `${at}reason`, claim.reason)
  put(out, `${at}started_at`, claim.startedAt)
  put(out, `${at}restarts`, claim.restarts)
  put(out, `${at}restart_seen`, claim.restartSeen)
  if (claim.resources !== undefined) {
    // Written even when zero: their absence means something else (what the group in force asks for).
    out.set(`${at}cpu_mhz`, claim.resources.cpuMhz)
    out.set(`${at}memory_mib`, claim.resources.memoryMib)
    out.set(`${at}disk_mib`, claim.resources.diskMib)
  }
  for (const [label, port] of Object.entries(claim.ports)) put(out, `${at}port/${label}`, port)
  for (const [name, task] of Object.entries(claim.tasks)) writeTask(out, `${at}task/${name}/`, task)
  for (const [node, generation] of claim.over) put(out, `${at}over/${node}`, generation)
  for (const [node, generation] of claim.lost) put(out, `${at}lost/${node}`, generation)
}

function writeTask(out: Out, at: string, task: TaskStatus): void {
  put(out, `${at}state`, task.state)
  put(out, `${at}restarts`, task.restarts)
  put(out, `${at}event`, task.event)
  put(out, `${at}failed`, task.failed)
}

/** null when what makes a claim is missing or malformed. */
export function readClaim(slot: SlotId, node: NodeId, tree: RegisterTree): Claim | null {
  const version = parseVersion(textOf(tree, 'version'))
  const state = textOf(tree, 'state')
  const generation = countOf(tree, 'generation')
  const [alloc, form] = [textOf(tree, 'alloc'), textOf(tree, 'form')]
  if (version === null || generation < 1 || !isShortHash(alloc) || !isShortHash(form)) return null
  if (!claimStates.includes(state as ClaimState)) return null
  return {
    slot,
    node,
    alloc: alloc as AllocId,
    generation,
    version,
    form: form as Form,
    state: state as ClaimState,
    healthy: child(tree, 'healthy')?.value === true,
    reason: textOf(tree, 'reason'),
    startedAt: countOf(tree, 'started_at'),
    restarts: countOf(tree, 'restarts'),
    restartSeen: countOf(tree, 'restart_seen'),
    ports: portsOf(child(tree, 'port')),
    ...resourcesOf(tree),
    tasks: tasksOf(child(tree, 'task')),
    over: generationsOf(child(tree, 'over')),
    lost: generationsOf(child(tree, 'lost')),
  }
}

function resourcesOf(tree: RegisterTree): { resources?: Resources } {
  const fields = ['cpu_mhz', 'memory_mib', 'disk_mib'] as const
  if (!fields.every((field) => typeof child(tree, field)?.value === 'number')) return {}
  return { resources: { cpuMhz: countOf(tree, 'cpu_mhz'), memoryMib: countOf(tree, 'memory_mib'), diskMib: countOf(tree, 'disk_mib') } }
}

function portsOf(tree: RegisterTree | undefined): Readonly<Record<string, number>> {
  const ports = namesOf(tree).map((label) => [label, tree === undefined ? 0 : countOf(tree, label)] as const)
  return Object.fromEntries(ports.filter(([, port]) => port > 0 && port <= 65_535))
}

function tasksOf(tree: RegisterTree | undefined): Readonly<Record<string, TaskStatus>> {
  const tasks = namesOf(tree).flatMap((name): [string, TaskStatus][] => {
    const task = child(tree, name)
    const state = task === undefined ? '' : textOf(task, 'state')
    if (task === undefined || !['pending', 'running', 'dead'].includes(state)) return []
    const failed = child(task, 'failed')?.value === true
    return [[name, { state: state as TaskState, restarts: countOf(task, 'restarts'), event: textOf(task, 'event'), failed }]]
  })
  return Object.fromEntries(tasks)
}

function generationsOf(tree: RegisterTree | undefined): ReadonlyMap<NodeId, Generation> {
  const found = new Map<NodeId, Generation>()
  for (const node of namesOf(tree)) {
    const generation = tree === undefined ? 0 : countOf(tree, node)
    if (isPeerId(node) && generation > 0) found.set(node as NodeId, generation)
  }
  return found
}

export function writeVerdicts(out: Out, slot: SlotId, verdicts: readonly Verdict[]): void {
  for (const verdict of verdicts) {
    const at = `verdict/${slot}/${verdict.form}/`
    put(out, `${at}verdict`, verdict.verdict)
    put(out, `${at}reason`, verdict.reason)
    put(out, `${at}failures`, verdict.failures)
    put(out, `${at}generation`, verdict.generation)
  }
}

/** In order of form. */
export function readVerdicts(tree: RegisterTree): readonly Verdict[] {
  return namesOf(tree).flatMap((form): Verdict[] => {
    const one = child(tree, form)
    const verdict = one === undefined ? '' : textOf(one, 'verdict')
    if (one === undefined || !isShortHash(form) || (verdict !== 'healthy' && verdict !== 'failed')) return []
    return [
      {
        form: form as Form,
        verdict,
        reason: textOf(one, 'reason'),
        failures: countOf(one, 'failures'),
        generation: countOf(one, 'generation'),
      },
    ]
  })
}

function isShortHash(text: string): boolean {
  return /^[0-9a-f]{16}$/.test(text)
}

export function textOf(tree: RegisterTree, ...path: readonly string[]): string {
  const value = child(tree, ...path)?.value
  return typeof value === 'string' ? value : ''
}

/** A count or a stamp; 0 for anything that is not one. */
export function countOf(tree: RegisterTree, ...path: readonly string[]): number {
  const value = child(tree, ...path)?.value
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0
}
