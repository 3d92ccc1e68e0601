// Who hears whom, one row for each direction: from the links of the boards that answered, and for all others from what they signed last.

import type { Examination, LinkSeen, ReachRow } from '../../../crdt/api-doctor.ts'
import { compareText } from '../../../crdt/ids.ts'
import { type Scene, isOneWay, nameOf } from './scene.ts'

/** A pool of 50 whole; of larger ones what is nearest to the boards that were asked. */
const rowsMax = 512

export function reachRows(scene: Scene): ReachRow[] {
  const rows = new Map<string, ReachRow>()
  const add = (from: string, to: string, row: Omit<ReachRow, 'from' | 'to'>): void => {
    const key = `${from} ${to}`
    if (!rows.has(key) && rows.size < rowsMax) rows.set(key, { from: nameOf(scene, from), to: nameOf(scene, to), ...row })
  }
  for (const one of scene.all) {
    for (const link of one.links) {
      const heard = link.isNamed || isFresh(link) ? 'yes' : 'unknown'
      add(link.node, one.node, { heard, ageMs: link.provedMs, roundTripMs: link.roundTripMs })
      add(one.node, link.node, { heard, ageMs: link.provedMs, roundTripMs: link.roundTripMs })
    }
    for (const { node, agoMs, isOver } of one.falls) if (!isOver) addFall(scene, one, node, agoMs, add)
  }
  for (const { node, silentMs } of scene.silent) add(node, scene.self.node, { heard: 'no', ageMs: silentMs, roundTripMs: null })
  return [...rows.values()].sort((a, b) => compareText(a.from, b.from) || compareText(a.to, b.to))
}

function isFresh({ provedMs }: LinkSeen): boolean {
  return provedMs !== null && provedMs < 10_000
}

function addFall(
  scene: Scene,
  one: Examination,
  node: string,
  ageMs: number,
  add: (from: string, to: string, row: Omit<ReachRow, 'from' | 'to'>) => void,
): void {
  const none = { ageMs, roundTripMs: null }
  const isDeaf = isOneWay(scene, one.node, node)
  add(one.node, node, { heard: 'no', ...none })
  // The other end may say that it was this one that did not hear.
  add(node, one.node, { heard: isDeaf ? 'yes' : 'no', ...none })
}
