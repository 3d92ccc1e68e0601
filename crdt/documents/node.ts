// A node document as plain data: what a board is, and what it holds. Written by that node alone. Writing never produces a register
// that the peers' gates would refuse (one such would cost the node its whole change); reading never throws.

import { type NodeId, type SlotId, compareText, isName, jobId, slotId, slotParts } from '../ids.ts'
import type { Device } from '../devices.ts'
import type { Registers, Scalar } from '../registers.ts'
import type { Claim, DriverHealth, Resources, Verdict } from '../view.ts'
import { type CloneWords, readClones, writeClones } from './clones.ts'
import { countOf, readClaim, readVerdicts, textOf, writeClaim, writeVerdicts } from './claim-codec.ts'
import { heldPath, readDevices, readHeld, writeDevices, writeHeld } from './device-codec.ts'
import { displacedPath, readDisplaced, writeDisplaced } from './displaced-codec.ts'
import { modelLimits } from './model-limits.ts'
import { decodePart, encodePart, isCanonicalPart } from './path-part.ts'
import { placeOf } from './path-table.ts'
import { readTexts } from './placement-codec.ts'
import { type RegisterTree, child, namesOf, registerTree } from './register-tree.ts'
import { checkRegister } from './schema.ts'
import { cutToBytes } from './text-size.ts'

export interface NodeRecord {
  readonly name: string
  readonly pool: string
  readonly capacity: Resources
  readonly attributes: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly drivers: Readonly<Record<string, DriverHealth>>
  /** Sorted. */
  readonly images: readonly string[]
  readonly dynamicPorts: readonly [number, number]
  readonly addresses: readonly string[]
  readonly agentVersion: string
  readonly planVersion: number
  readonly receipts: Readonly<Record<string, string>>
  readonly left: boolean
  /** By which token it is here (`crdt/admission/`), in base64; '': it shows none. */
  readonly certificate: string
  readonly clones: CloneWords
  /** The newest open pre-shared key that it has (`psk.ts`), by short digest; '': none was ever opened. */
  readonly psk: string
  /** Its owner's bound on copies there, all jobs together; 0: none. */
  readonly allocsMax: number
  /** In order of key. */
  readonly devices: readonly Device[]
  readonly claims: ReadonlyMap<SlotId, Claim>
  readonly verdicts: ReadonlyMap<SlotId, readonly Verdict[]>
}

/** The word that it has left. */
export const leftPath = 'left'
/** Below `x/`, as every field that some agent may not know yet. */
const certificatePath = 'x/certificate'
const pskPath = 'x/psk'
const allocsMaxPath = 'x/allocs_max'

/** Nomad's range: above the ports that services usually have, below Linux' ephemeral ones. */
const dynamicPortsDefault: readonly [number, number] = [20_000, 32_000]

export function nodeToRegisters(record: NodeRecord): Map<string, Scalar> {
  const out = new Map<string, Scalar>()
  out.set('name', record.name)
  out.set('pool', record.pool)
  if (record.left) out.set(leftPath, true)
  if (record.certificate !== '') out.set(certificatePath, record.certificate)
  writeClones(out, record.clones)
  if (record.psk !== '') out.set(pskPath, record.psk)
  if (record.allocsMax > 0) out.set(allocsMaxPath, record.allocsMax)
  out.set('agent_version', record.agentVersion)
  out.set('plan_version', record.planVersion)
  out.set('capacity/cpu_mhz', record.capacity.cpuMhz)
  out.set('capacity/memory_mib', record.capacity.memoryMib)
  out.set('capacity/disk_mib', record.capacity.diskMib)
  out.set('dynamic_ports/first', record.dynamicPorts[0])
  out.set('dynamic_ports/last', record.dynamicPorts[1])
  if (record.addresses.length > 0) out.set('addresses', JSON.stringify(record.addresses.slice(0, modelLimits.addressesMax)))
  for (const [key, value] of Object.entries(record.attributes)) out.set(`attr/${encodePart(key)}`, value)
  for (const [key, value] of Object.entries(record.labels)) out.set(`label/${encodePart(key)}`, value)
  for (const [name, health] of Object.entries(record.drivers)) {
    out.set(`driver/${encodePart(name)}/healthy`, health.healthy)
    if (health.reason !== '') out.set(`driver/${encodePart(name)}/reason`, health.reason)
  }
  for (const image of record.images) out.set(`image/${encodePart(image)}`, true)
  for (const [doc, hash] of Object.entries(record.receipts)) out.set(`receipt/${doc}`, hash)
  writeDevices(out, record.devices)
  for (const claim of record.claims.values()) {
    writeClaim(out, claim)
    writeHeld(out, claim)
    writeDisplaced(out, claim)
  }
  for (const [slot, verdicts] of record.verdicts) writeVerdicts(out, slot, verdicts)
  return acceptable(out)
}

/** Long or odd words (an engine's error, a label from a file) are cut and cleaned; what still would not pass is left out. */
function acceptable(registers: Map<string, Scalar>): Map<string, Scalar> {
  for (const [path, value] of registers) {
    if (checkRegister('node', path, value) === null) continue
    const clean = typeof value === 'string' ? cutToBytes(value, modelLimits.lineBytesMax) : value
    if (checkRegister('node', path, clean) === null) registers.set(path, clean)
    else registers.delete(path)
  }
  return registers
}

export function nodeFromRegisters(node: NodeId, registers: Registers): NodeRecord {
  const tree = registerTree(registers, '')
  const first = countOf(tree, 'dynamic_ports', 'first')
  const last = countOf(tree, 'dynamic_ports', 'last')
  return {
    name: textOf(tree, 'name') || node.slice(-8),
    pool: textOf(tree, 'pool'),
    capacity: {
      cpuMhz: countOf(tree, 'capacity', 'cpu_mhz'),
      memoryMib: countOf(tree, 'capacity', 'memory_mib'),
      diskMib: countOf(tree, 'capacity', 'disk_mib'),
    },
    attributes: entriesOf(child(tree, 'attr')),
    labels: entriesOf(child(tree, 'label')),
    drivers: driversOf(child(tree, 'driver')),
    images: imagesOf(child(tree, 'image')),
    dynamicPorts: first > 0 && first <= last && last <= 65_535 ? [first, last] : dynamicPortsDefault,
    addresses: readTexts(textOf(tree, 'addresses')) ?? [],
    agentVersion: textOf(tree, 'agent_version'),
    planVersion: countOf(tree, 'plan_version'),
    receipts: receiptsOf(child(tree, 'receipt'), ''),
    left: child(tree, leftPath)?.value === true,
    certificate: textOf(tree, 'x', 'certificate'),
    clones: readClones(child(tree, 'x')),
    psk: textOf(tree, 'x', 'psk'),
    allocsMax: countOf(tree, 'x', 'allocs_max'),
    devices: readDevices(child(tree, 'x', 'device')),
    claims: claimsOf(tree, node),
    verdicts: verdictsOf(child(tree, 'verdict')),
  }
}

/** Keys that people chose → texts; other values are passed over. */
export function entriesOf(tree: RegisterTree | undefined): Readonly<Record<string, string>> {
  const entries = namesOf(tree)
    .filter(isCanonicalPart)
    .flatMap((part): [string, string][] => {
      const value = child(tree, part)?.value
      return typeof value === 'string' ? [[decodePart(part), value]] : []
    })
  return Object.fromEntries(entries)
}

function driversOf(tree: RegisterTree | undefined): Readonly<Record<string, DriverHealth>> {
  const drivers = namesOf(tree)
    .filter(isCanonicalPart)
    .flatMap((part): [string, DriverHealth][] => {
      const driver = child(tree, part)
      const healthy = child(driver, 'healthy')?.value
      if (driver === undefined || typeof healthy !== 'boolean') return []
      return [[decodePart(part), { healthy, reason: textOf(driver, 'reason') }]]
    })
  return Object.fromEntries(drivers)
}

function imagesOf(tree: RegisterTree | undefined): readonly string[] {
  const present = namesOf(tree).filter((part) => isCanonicalPart(part) && child(tree, part)?.value === true)
  return present.map(decodePart).sort(compareText)
}

/** Document ids are paths themselves. */
function receiptsOf(tree: RegisterTree | undefined, prefix: string): Record<string, string> {
  const receipts: [string, string][] = []
  for (const name of namesOf(tree)) {
    const next = child(tree, name)
    if (typeof next?.value === 'string') receipts.push([prefix + name, next.value])
    if (next !== undefined && next.children.size > 0) receipts.push(...Object.entries(receiptsOf(next, `${prefix}${name}/`)))
  }
  return Object.fromEntries(receipts)
}

function claimsOf(tree: RegisterTree, node: NodeId): ReadonlyMap<SlotId, Claim> {
  const claims = new Map<SlotId, Claim>()
  for (const [slot, below] of slotsOf(child(tree, 'claim'))) {
    const owner = slotParts(slot).node
    // A node's slot is its own: nobody else can hold it, whatever they write.
    const claim = owner === null || owner === node ? readClaim(slot, node, below) : null
    if (claim === null) continue
    const at = (path: string): RegisterTree | undefined => child(tree, ...path.split('/'))
    claims.set(slot, { ...claim, ...readHeld(at(heldPath(slot))), ...readDisplaced(slotsOf(at(displacedPath(slot)))) })
  }
  return claims
}

function verdictsOf(tree: RegisterTree | undefined): ReadonlyMap<SlotId, readonly Verdict[]> {
  const all = slotsOf(tree).map(([slot, below]) => [slot, readVerdicts(below)] as const)
  return new Map(all.filter(([, verdicts]) => verdicts.length > 0))
}

/** Whatever lies below a slot, in order of path. */
function slotsOf(tree: RegisterTree | undefined): [SlotId, RegisterTree][] {
  const found: [SlotId, RegisterTree][] = []
  const walk = (at: RegisterTree | undefined, parts: readonly string[]): void => {
    for (const name of namesOf(at)) {
      const next = child(at, name)
      if (next === undefined) continue
      const [namespace = '', job = '', group = ''] = parts
      const place = parts.length === 3 ? placeOf(name) : null
      if (place !== null) found.push([slotId(jobId(namespace, job), group, place), next])
      else if (parts.length < 3 && isName(name)) walk(next, [...parts, name])
    }
  }
  walk(tree, [])
  return found
}
