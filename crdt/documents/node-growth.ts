// How far a node document may still grow if its node takes no new claim: each claim that lives goes on to run, to fail and to be
// judged, and all of that must fit. A function of the document alone, so that every node knows of every other whether it is full.

import { limits } from '../limits.ts'
import type { Scalar } from '../registers.ts'
import { type Claim, hasEnded } from '../view.ts'
import { writeClaim, writeVerdicts } from './claim-codec.ts'
import type { NodeRecord } from './node.ts'

/** Of a claim that lives: what it writes beside tasks, ports and marks, and the verdict on it. */
const liveFields = 17
const taskFields = 4
/** Ports are chosen late; more than a few are rare. */
const portsExpected = 4
/** Everything of the board itself that is one register. */
const nodeFields = 12

export function claimRegisters(claim: Claim): number {
  if (hasEnded(claim)) return written((out) => writeClaim(out, claim))
  const ports = Math.max(portsExpected, Object.keys(claim.ports).length)
  const held = claim.devices === undefined ? 0 : 1
  const displaced = claim.displaces?.size ?? 0
  return held + displaced + liveFields + taskFields * Object.keys(claim.tasks).length + ports + claim.over.size + claim.lost.size
}

/** Registers that the record may come to. */
export function registersAhead(record: NodeRecord): number {
  const entries = [record.attributes, record.labels, record.drivers, record.drivers, record.receipts]
  let registers = nodeFields + record.images.length + record.devices.length + (record.certificate === '' ? 0 : 1)
  for (const entry of entries) registers += Object.keys(entry).length
  for (const claim of record.claims.values()) registers += claimRegisters(claim)
  for (const [slot, verdicts] of record.verdicts) registers += written((out) => writeVerdicts(out, slot, verdicts))
  return registers
}

function written(write: (out: Map<string, Scalar>) => void): number {
  const out = new Map<string, Scalar>()
  write(out)
  return out.size
}

/** Whether its node may take no new claim. Equal documents give equal answers, which their saved bytes would not. */
export function isFull(registers: number): boolean {
  return registers >= limits.nodeDocRegistersFull
}
