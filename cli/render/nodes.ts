// Nodes for people: the list, and one node with what runs on it.

import type { NodeDetail, NodeRow } from '../../crdt/api-nodes.ts'
import { compareText } from '../../crdt/ids.ts'
import { allocTable } from './allocs.ts'
import { banLine } from './bans.ts'
import { drainText, moveText } from './drain.ts'
import { fields } from './fields.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import { age, safe, shortId } from './words.ts'

export function nodeState({ liveness, evicted, replacedBy, leaving, draining, clones, admission, eligible }: NodeRow): string {
  const words: string[] = [liveness]
  if (evicted) words.push(replacedBy === undefined ? 'evicted' : 'replaced')
  if (draining && liveness !== 'left') words.push(leaving === true ? 'leaving' : 'draining')
  if (clones !== undefined) words.push('clones')
  if (admission !== undefined) words.push(admission === 'surplus' ? admission : `waits: ${admission}`)
  else if (!eligible && !evicted && clones === undefined) words.push('ineligible')
  return words.join(', ')
}

export function nodeTable(nodes: readonly NodeRow[], paint: Paint): string {
  if (nodes.length === 0) return 'no nodes\n'
  return table<NodeRow>(
    [
      { head: 'NODE', text: (node) => node.name, paint: paint.bold },
      { head: 'ID', text: (node) => shortId(node.id), paint: paint.dim },
      { head: 'POOL', text: (node) => node.pool },
      { head: 'STATE', text: nodeState, paint: (text, node) => paintState(paint, text, node) },
      { head: 'PATH', text: pathText },
      { head: 'SILENT', text: (node) => (node.silentMs > 0 ? age(node.silentMs) : '-') },
      { head: 'ALLOCS', text: (node) => String(node.allocs), right: true },
      { head: 'CPU', text: (node) => `${node.cpuUsedMhz}/${node.cpuMhz} MHz`, right: true },
      { head: 'MEMORY', text: (node) => `${node.memoryUsedMib}/${node.memoryMib} MiB`, right: true },
      { head: 'AGENT', text: (node) => node.agentVersion },
    ],
    nodes,
    paint,
  )
}

/** How the board that answers is connected to it. */
function pathText({ path }: NodeRow): string {
  if (path === undefined) return '-'
  return path.via === null ? path.over : safe(`relay ${path.via}`)
}

function paintState(paint: Paint, text: string, node: NodeRow): string {
  if (node.evicted || node.liveness === 'disconnected') return paint.bad(text)
  return node.liveness === 'alive' && node.eligible && !node.draining ? paint.good(text) : paint.warn(text)
}

/** `by`: the board that answers. */
export function nodeDetail(node: NodeDetail, by: string, paint: Paint): string {
  const drivers = Object.entries(node.drivers).map(
    ([name, health]) => `${name} ${health.healthy ? 'healthy' : `not healthy: ${health.reason}`}`,
  )
  const head = fields([
    ['Node', `${node.name} (${node.id})`],
    ['Pool', node.pool],
    ['State', nodeState(node) + (node.silentMs > 0 ? `, silent for ${age(node.silentMs)}` : '')],
    ['CPU', `${node.cpuUsedMhz} of ${node.cpuMhz} MHz asked for`],
    ['Memory', `${node.memoryUsedMib} of ${node.memoryMib} MiB asked for`],
    ...(node.allocsMax === undefined ? [] : [['Copies', `${node.allocs} of at most ${node.allocsMax}`] as [string, string]]),
    ...(node.replacedBy === undefined ? [] : [['Replaced by', node.replacedBy.map(shortId).join(', ')] as [string, string]]),
    ...(node.drain === undefined ? [] : [['Drains', drainText(node.drain)] as [string, string]]),
    ...clonesField(node),
    ...(node.ban === undefined ? [] : [['Banned', banLine(node.ban, by)] as [string, string]]),
    ['Drivers', drivers.join('; ') || '-'],
    ...(node.devices === undefined ? [] : [['Devices', node.devices.map(deviceLine).join('\n')] as [string, string]]),
    ['Labels', pairs(node.labels)],
    ['Weight', String(node.weight)],
    ['Neighbours', node.neighbours.map(shortId).join(', ') || '-'],
    ['Path', node.path === undefined ? `no connection from ${safe(by)}` : `${pathText(node)}, from ${safe(by)}`],
    ['Addresses', node.addresses.join('\n') || '-'],
    ['Agent', node.agentVersion],
    ['Attributes', pairs(node.attributes)],
  ])
  const left = (node.drain?.left ?? []).map((row) => `${moveText(row)}\n`).join('')
  return `${head}\n${allocTable(node.claims, paint)}${left === '' ? '' : `\nleft on it:\n${left}`}`
}

function deviceLine({ key, type, vendor, model, fault, heldBy }: NonNullable<NodeDetail['devices']>[number]): string {
  const state = fault !== '' ? fault : heldBy === null ? 'free' : `held by ${heldBy}`
  return safe(`${vendor}/${type}/${model}  ${key}  ${state}`)
}

/** Only where it is so: they say which words to type. */
function clonesField({ name, clones }: NodeDetail): [string, string][] {
  if (clones === undefined) return []
  const rows = clones.map(({ id, where }) => safe(`${id}  ${where}`))
  return [['Clones', `${rows.join('\n')}\nno new work until one goes: shoal node evict ${safe(name)} --clone ID`]]
}

export function pairs(record: Readonly<Record<string, string>>): string {
  const entries = Object.entries(record).toSorted(([a], [b]) => compareText(a, b))
  return entries.map(([key, value]) => safe(`${key}=${value}`)).join('\n') || '-'
}
