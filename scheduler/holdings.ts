// What each node's claims hold of it. Every claim that has not ended holds cpu, memory, disk and ports: live ones, unknown ones,
// those of stopped jobs and surplus slots, until their node says that they ended. Kept by node from plan to plan: an entry says
// what it was made from, and counts only while all of that is the same.

import { type Form, type JobId, type NodeId, type SlotId, slotParts } from '../crdt/ids.ts'
import { withChanges } from '../crdt/layered-map.ts'
import { type Claim, type JobView, type NodeView, type View, hasEnded } from '../crdt/view.ts'
import { type Ask, askOf } from './ask.ts'
import type { Boards } from './boards.ts'
import { editionOf } from './canaries.ts'
import type { Held } from './held.ts'
import { schedulerLimits as limits } from './limits.ts'
import { type Usage, isDynamic, portsOfClaim } from './usage.ts'

/** A node's claims by slot. */
export type ClaimsOfNode = ReadonlyMap<SlotId, Claim>
export type Claimants = ReadonlyMap<NodeId, ClaimsOfNode>

interface Entry {
  readonly held: Held
  readonly claims: ClaimsOfNode
  readonly range: NodeView['dynamicPorts']
  /** Jobs that were asked what their copies want, because a claim does not say it itself. */
  readonly asked: ReadonlyMap<JobId, JobView | undefined>
}

export type Holdings = ReadonlyMap<NodeId, Entry>

export function claimantsOf(view: View): Claimants {
  const claimants = new Map<NodeId, Map<SlotId, Claim>>()
  for (const [slot, claims] of view.claims) {
    for (const claim of claims) {
      let own = claimants.get(claim.node)
      if (own === undefined) claimants.set(claim.node, (own = new Map()))
      own.set(slot, claim)
    }
  }
  return claimants
}

/** The claimants after the claims of these slots changed. */
export function nextClaimants(claimants: Claimants, slots: readonly SlotId[], before: View, view: View): Claimants {
  if (slots.length === 0) return claimants
  const fresh = new Map<NodeId, Map<SlotId, Claim>>()
  const ofNode = (node: NodeId): Map<SlotId, Claim> => {
    let own = fresh.get(node)
    if (own === undefined) fresh.set(node, (own = new Map(claimants.get(node))))
    return own
  }
  for (const slot of slots) {
    for (const claim of before.claims.get(slot) ?? []) ofNode(claim.node).delete(slot)
    for (const claim of view.claims.get(slot) ?? []) ofNode(claim.node).set(slot, claim)
  }
  return withChanges(claimants, new Map([...fresh].map(([node, own]) => [node, own.size > 0 ? own : undefined])))
}

export function holdingsOf(view: View, boards: Boards, claimants: Claimants, before: Holdings = new Map()): Holdings {
  const next = new Map<NodeId, Entry>()
  const asks = asksOf(view)
  for (const node of boards.nodes) {
    const claims = claimants.get(node.id)
    if (claims === undefined) continue
    const known = before.get(node.id)
    next.set(node.id, known !== undefined && isValid(known, node, claims, view) ? known : entryOf(node, claims, asks, view))
  }
  return next
}

function isValid(entry: Entry, node: NodeView, claims: ClaimsOfNode, view: View): boolean {
  if (entry.claims !== claims || entry.range !== node.dynamicPorts) return false
  for (const [id, job] of entry.asked) if (view.jobs.get(id) !== job) return false
  return true
}

type Asks = (job: JobId, group: string, form: Form) => Ask | undefined

/** What a claim holds when it does not say so itself: what its group asks for now, also for stopped jobs and surplus slots. */
export function asksOf(view: View): Asks {
  const asks = new Map<string, Ask | undefined>()
  return (job, group, form) => {
    const key = `${job}/${group} ${form}`
    if (asks.has(key)) return asks.get(key)
    const edition = editionOf(view.jobs.get(job), group, form)
    const ask = edition === null ? undefined : askOf(edition.group)
    asks.set(key, ask)
    return ask
  }
}

function entryOf(node: NodeView, claims: ClaimsOfNode, asks: Asks, view: View): Entry {
  const asked = new Map<JobId, JobView | undefined>()
  for (const [slot, claim] of claims) {
    if (hasEnded(claim) || saysAll(claim)) continue
    const { job } = slotParts(slot)
    asked.set(job, view.jobs.get(job))
  }
  return { held: heldBy(node, claims.values(), asks), claims, range: node.dynamicPorts, asked }
}

/** What claims of one node hold together. */
export function heldBy(node: NodeView, claims: Iterable<Claim>, asks: Asks): Held {
  const sum = { cpuMhz: 0, memoryMib: 0, diskMib: 0, allocs: 0, dynamicPorts: 0 }
  const ports = new Map<number, number>()
  const devices = new Map<string, number>()
  for (const claim of claims) {
    if (hasEnded(claim)) continue
    sum.allocs++
    const ask = saysAll(claim) ? undefined : askedBy(claim, asks)
    const held = claim.resources ?? ask
    if (held !== undefined) {
      sum.cpuMhz += Math.min(held.cpuMhz, limits.heldMax)
      sum.memoryMib += Math.min(held.memoryMib, limits.heldMax)
      sum.diskMib += Math.min(held.diskMib, limits.heldMax)
    }
    for (const key of claim.devices ?? []) devices.set(key, (devices.get(key) ?? 0) + 1)
    for (const port of portsOfClaim(claim, ask)) {
      ports.set(port, (ports.get(port) ?? 0) + 1)
      if (isDynamic(node, port)) sum.dynamicPorts++
    }
  }
  return { ...sum, ports, devices }
}

function askedBy({ slot, form }: Claim, asks: Asks): Ask | undefined {
  const { job, group } = slotParts(slot)
  return asks(job, group, form)
}

/** Whether the claim alone tells what it holds. */
function saysAll(claim: Claim): boolean {
  return claim.resources !== undefined && (claim.state === 'running' || Object.keys(claim.ports).length > 0)
}

/** As columns, for one plan to add its candidates to. */
export function usageOf(boards: Boards, holdings: Holdings): Usage {
  const usage: Usage = {
    cpuMhz: new Float64Array(boards.ids.length),
    memoryMib: new Float64Array(boards.ids.length),
    diskMib: new Float64Array(boards.ids.length),
    allocs: new Int32Array(boards.ids.length),
    dynamicPorts: new Int32Array(boards.ids.length),
    ports: boards.ids.map((id) => holdings.get(id)?.held.ports),
    added: new Map(),
    devices: boards.ids.map((id) => holdings.get(id)?.held.devices),
    addedDevices: new Map(),
    changes: [],
    asked: new Set(),
    tables: new Map(),
  }
  for (const [index, id] of boards.ids.entries()) {
    const held = holdings.get(id)?.held
    if (held === undefined) continue
    usage.cpuMhz[index] = held.cpuMhz
    usage.memoryMib[index] = held.memoryMib
    usage.diskMib[index] = held.diskMib
    usage.allocs[index] = held.allocs
    usage.dynamicPorts[index] = held.dynamicPorts
  }
  return usage
}
