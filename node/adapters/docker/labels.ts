// What a container carries so that any later agent of the node can tell what it is: the labels are the truth about what runs.

import type { AllocId, Form, NodeId, SlotId } from '../../../crdt/ids.ts'
import type { RunningTask, TaskId, TaskRequest } from '../../core/ports.ts'
import { readGranted } from '../task/granted-devices.ts'
import { isTaskId } from '../task/task-id.ts'

export const nodeLabel = 'shoal.node'
export const idLabel = 'shoal.id'

export type Labels = Readonly<Record<string, string>>

export function containerName(id: TaskId): string {
  return `shoal-${id.replaceAll(/[^A-Za-z0-9_.-]/g, '-')}`
}

export function labelsOf(node: NodeId, task: TaskRequest): Record<string, string> {
  return {
    [nodeLabel]: node,
    [idLabel]: task.id,
    'shoal.slot': task.slot,
    'shoal.alloc': task.alloc,
    'shoal.generation': String(task.generation),
    'shoal.form': task.form,
    'shoal.updates': String(task.updates),
    'shoal.task': task.spec.name,
    'shoal.ports': JSON.stringify(task.ports),
    ...(task.devices === undefined ? {} : { 'shoal.devices': JSON.stringify(task.devices) }),
  }
}

/** Anybody with access to the engine can write labels: whatever does not fit is not ours. */
export function taskOfLabels(labels: Labels, startedAt: number): RunningTask | undefined {
  const id = labels[idLabel]
  const generation = Number(labels['shoal.generation'])
  const updates = labels['shoal.updates'] === undefined ? null : Number(labels['shoal.updates'])
  const ports = portsOf(labels['shoal.ports'])
  const { 'shoal.slot': slot, 'shoal.alloc': alloc, 'shoal.form': form, 'shoal.task': task } = labels
  if (
    id === undefined ||
    !isTaskId(id) ||
    !Number.isSafeInteger(generation) ||
    (updates !== null && !Number.isSafeInteger(updates)) ||
    ports === undefined
  )
    return undefined
  if (slot === undefined || alloc === undefined || form === undefined || task === undefined) return undefined
  const given = readGranted(jsonOf(labels['shoal.devices']))
  return { id, slot: slot as SlotId, alloc: alloc as AllocId, generation, form: form as Form, updates, task, ports, ...given, startedAt }
}

function portsOf(text: string | undefined): Record<string, number> | undefined {
  const value = jsonOf(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.values(value).every((port) => Number.isSafeInteger(port)) ? (value as Record<string, number>) : undefined
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
