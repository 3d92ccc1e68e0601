// Allocations for people: the list, and one with its tasks.

import type { AllocDetail, AllocRow, JobDetail } from '../../crdt/api-jobs.ts'
import { compareText, isPeerId } from '../../crdt/ids.ts'
import { shortJob } from '../job/job-ref.ts'
import { fields } from './fields.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import { shortId, time } from './words.ts'

/** `hello/web/0`; the namespace `default` needs no saying, and of a node's slot the short id is enough. */
export function slotText(slot: string): string {
  const at = slot.lastIndexOf('/') + 1
  return shortJob(isPeerId(slot.slice(at)) ? slot.slice(0, at) + shortId(slot.slice(at)) : slot)
}

export interface Place {
  readonly slot: string
  readonly canary?: boolean
}

/** A slot, or its canary. */
export function placeText({ slot, canary }: Place): string {
  return canary === true ? `${slotText(slot)} (canary)` : slotText(slot)
}

export function isSamePlace(one: Place, other: Place): boolean {
  return one.slot === other.slot && (one.canary === true) === (other.canary === true)
}

/** The state, with what a reader must know beside it. */
export function allocState(alloc: AllocRow): string {
  const health =
    alloc.state === 'running' ? (alloc.healthy ? ', healthy' : alloc.reason === '' ? ', not yet healthy' : ', not healthy') : ''
  const silent = alloc.nodeLiveness === 'alive' ? '' : ` (node ${alloc.nodeLiveness})`
  return `${alloc.state}${health}${silent}`
}

export function paintAlloc(paint: Paint, text: string, alloc: AllocRow): string {
  if (alloc.state === 'failed' || alloc.nodeLiveness === 'disconnected') return paint.bad(text)
  if (alloc.state === 'running') return alloc.healthy ? paint.good(text) : paint.warn(text)
  return ['stopped', 'withdrawn', 'complete'].includes(alloc.state) ? paint.dim(text) : paint.warn(text)
}

/** The holder, or else the newest claim that is still on its way or has failed; what ended as it should is no news. */
export function shownAlloc(job: JobDetail, place: Place): AllocRow | undefined {
  const claims = job.allocs.filter((alloc) => isSamePlace(alloc, place))
  const open = claims.filter((alloc) => alloc.state === 'failed' || !isOver(alloc))
  const done = job.slots.find((one) => isSamePlace(one, place))?.complete
  const complete = claims.find((alloc) => alloc.state === 'complete' && alloc.node === done)
  return complete ?? claims.find((alloc) => alloc.holder) ?? open.toSorted((a, b) => b.generation - a.generation)[0]
}

export function isOver(alloc: AllocRow): boolean {
  return ['stopped', 'failed', 'withdrawn', 'complete'].includes(alloc.state)
}

export function allocTable(allocs: readonly AllocRow[], paint: Paint): string {
  if (allocs.length === 0) return 'no allocations\n'
  return table<AllocRow>(
    [
      { head: 'ALLOC', text: (alloc) => shortId(alloc.alloc), paint: paint.dim },
      { head: 'SLOT', text: placeText, paint: paint.bold },
      { head: 'NODE', text: (alloc) => alloc.nodeName || shortId(alloc.node) },
      { head: 'STATE', text: allocState, paint: (text, alloc) => paintAlloc(paint, text, alloc) },
      { head: 'HOLDS', text: (alloc) => (alloc.holder ? 'yes' : '-') },
      { head: 'GEN', text: (alloc) => String(alloc.generation), right: true },
      { head: 'VERSION', text: (alloc) => alloc.version },
      { head: 'RESTARTS', text: (alloc) => String(alloc.restarts), right: true },
      { head: 'STARTED', text: (alloc) => time(alloc.startedAt) },
      { head: 'REASON', text: (alloc) => alloc.reason },
    ],
    allocs,
    paint,
  )
}

type TaskEntry = readonly [name: string, task: AllocDetail['tasks'][string]]

export function allocDetail(alloc: AllocDetail, paint: Paint): string {
  const ports = Object.entries(alloc.ports).toSorted(([a], [b]) => compareText(a, b))
  const head = fields([
    ['Alloc', alloc.alloc],
    ['Slot', alloc.canary === true ? `${alloc.slot} (canary)` : alloc.slot],
    ['Node', `${alloc.nodeName} (${alloc.node}), ${alloc.nodeLiveness}`],
    ['State', allocState(alloc) + (alloc.reason === '' ? '' : `: ${alloc.reason}`)],
    ['Holder', alloc.holder ? 'yes' : 'no'],
    ['Generation', String(alloc.generation)],
    ['Version', `${alloc.version}, form ${alloc.form}`],
    ['Started', time(alloc.startedAt)],
    ['Ports', ports.map(([label, port]) => `${label} ${port}`).join(', ') || '-'],
    ...(alloc.devices === undefined ? [] : [['Devices', alloc.devices.join(', ')] as [string, string]]),
    ...(alloc.displaces === undefined ? [] : [['Takes the room of', alloc.displaces.map(slotText).join(', ')] as [string, string]]),
    ['Sends away', alloc.over.map((rival) => `${shortId(rival.node)} generation ${rival.generation}`).join(', ') || '-'],
  ])
  const tasks = Object.entries(alloc.tasks).toSorted(([a], [b]) => compareText(a, b))
  if (tasks.length === 0) return head
  const { lifecycle } = alloc
  const rows = table<TaskEntry>(
    [
      { head: 'TASK', text: ([name]) => name, paint: paint.bold },
      ...(lifecycle === undefined ? [] : [{ head: 'RUNS AS', text: ([name]: TaskEntry) => lifecycle[name] ?? 'main' }]),
      { head: 'STATE', text: ([, task]) => task.state, paint: (text, [, task]) => (task.failed ? paint.bad(text) : text) },
      { head: 'RESTARTS', text: ([, task]) => String(task.restarts), right: true },
      { head: 'LAST EVENT', text: ([, task]) => task.event },
    ],
    tasks,
    paint,
  )
  return `${head}\n${rows}`
}
