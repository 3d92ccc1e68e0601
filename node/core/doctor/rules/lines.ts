// Lines that work badly: that come and go, and that are slow.

import type { Finding } from '../../../../crdt/api-doctor.ts'
import { compareText } from '../../../../crdt/ids.ts'
import { doctorLimits as limits } from '../limits.ts'
import { type Rule, type Scene, age, bounded, longest, nameOf, namesOf } from '../scene.ts'

export const flapping: Rule = (scene) => {
  const boards = flappingBoards(scene)
  const told = new Set(boards.flatMap(({ to }) => to))
  const links = flappingLinks(scene).filter(({ from, to }) => ![...from, ...to].some((name) => told.has(name)))
  return [...boards, ...links]
}

/** For everybody on this side. */
function flappingBoards(scene: Scene): Finding[] {
  const { self } = scene
  const flaps = [...scene.boards.values()].filter(
    ({ returns }) => returns.length >= limits.flapsMin && Math.min(...returns) <= limits.flapQuietMs,
  )
  // Whoever sees all others come and go is the one who does.
  const isSelf = flaps.length > 1 && flaps.length === scene.boards.size - 1
  if (isSelf)
    return [
      flapped(
        scene,
        self.node,
        flaps[0]!.returns,
        flaps.map(({ node }) => node),
      ),
    ]
  return flaps.map(({ node, returns }) => flapped(scene, node, returns, [self.node]))
}

function flapped(scene: Scene, node: string, returns: readonly number[], seenBy: readonly string[]): Finding {
  const name = nameOf(scene, node)
  return {
    id: 'flapping',
    severity: 'warning',
    from: namesOf(scene, seenBy),
    to: [name],
    direction: 'both',
    sinceMs: Math.max(...returns),
    evidence: [`${name} was lost and came back ${returns.length} times within the hour, ${age(Math.min(...returns))} ago the last time`],
    stillWorks:
      'each return waits twice as long as the one before until it counts, so that its copies do not go to and fro; what it runs goes on',
    whatToDo: `look at the link, the power supply and the load of ${name}`,
  }
}

function flappingLinks(scene: Scene): Finding[] {
  const pairs = new Map<string, { readonly nodes: readonly string[]; times: number; agoMs: number }>()
  for (const one of scene.all)
    for (const { node, times, agoMs } of one.falls) {
      if (!scene.boards.has(node)) continue
      const nodes = [one.node, node].sort(compareText)
      const before = pairs.get(nodes.join(' '))
      pairs.set(nodes.join(' '), { nodes, times: Math.max(times, before?.times ?? 0), agoMs: Math.min(agoMs, before?.agoMs ?? agoMs) })
    }
  return [...pairs.values()]
    .filter(({ times, agoMs }) => times >= limits.flapsMin && agoMs <= limits.flapQuietMs)
    .map(({ nodes: [a, b], times, agoMs }): Finding => ({
      id: 'flapping',
      severity: 'warning',
      from: [nameOf(scene, a!)],
      to: [nameOf(scene, b!)],
      direction: 'both',
      sinceMs: null,
      evidence: [`their connection ended ${times} times within the hour because probes were not answered, ${age(agoMs)} ago the last time`],
      stillWorks: 'both are heard by way of others while the line between them is away',
      whatToDo: 'look at the line between the two',
    }))
}

export const slowLinks: Rule = (scene) => {
  const slow = scene.all.flatMap((one) =>
    one.links
      .filter(({ node, roundTripMs }) => scene.boards.has(node) && (roundTripMs ?? 0) >= limits.slowMsMin)
      .map(({ node, roundTripMs }) => ({ a: one.node, b: node, ms: roundTripMs! })),
  )
  const left = new Map(slow.map((row) => [[row.a, row.b].sort(compareText).join(' '), row]))
  const findings: Finding[] = []
  while (left.size > 0) {
    // The board with the most of them is the one behind the slow line.
    const counts = new Map<string, number>()
    for (const { a, b } of left.values()) for (const node of [a, b]) counts.set(node, (counts.get(node) ?? 0) + 1)
    const [node] = [...counts].sort(([a, m], [b, n]) => n - m || compareText(a, b))[0]!
    const rows = [...left].filter(([, { a, b }]) => a === node || b === node)
    for (const [key] of rows) left.delete(key)
    findings.push(
      slowFrom(
        scene,
        node,
        rows.map(([, row]) => row),
      ),
    )
  }
  return findings
}

function slowFrom(scene: Scene, node: string, rows: readonly { readonly a: string; readonly b: string; readonly ms: number }[]): Finding {
  return {
    id: 'slow-link',
    severity: 'warning',
    from: [nameOf(scene, node)],
    to: namesOf(
      scene,
      rows.map(({ a, b }) => (a === node ? b : a)),
    ),
    direction: 'both',
    sinceMs: null,
    evidence: bounded(rows.map(({ a, b, ms }) => `${nameOf(scene, a)} to ${nameOf(scene, b)} and back takes ${ms} ms at least`)),
    stillWorks: 'everything, later: probes, pauses and time limits follow the measured delay',
    whatToDo:
      'commands may need a longer --timeout; have images on the board before a roll-out; look whether something else fills the line',
  }
}

/** Not worth a word unless it is new: others may have an old address for some minutes. */
export const moved: Rule = (scene) =>
  scene.all
    .filter((one) => one.moved !== null && one.moved.agoMs <= limits.movedMsMax)
    .map((one): Finding => ({
      id: 'address-changed',
      severity: 'note',
      from: [one.name],
      to: [],
      direction: 'here',
      sinceMs: longest([one.moved!.agoMs]),
      evidence: [`was at ${one.moved!.before.join(', ')}`, `is at ${one.addresses.join(', ') || 'no address'}`],
      stillWorks: 'it tells the others by the connections that it makes itself',
      whatToDo: 'nothing, unless bootstrap lists name the former address',
    }))
