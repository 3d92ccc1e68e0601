// Boards that do not hear one another: silent ones and whole groups of them, lines that pass one way only, connections that ended between
// two boards that are both there, ways that only one end can dial.

import type { BoardSeen, Examination, Finding } from '../../../../crdt/api-doctor.ts'
import { compareText } from '../../../../crdt/ids.ts'
import { doctorLimits as limits } from '../limits.ts'
import {
  type Rule,
  type Scene,
  age,
  bounded,
  comesHalfOpen,
  fallOf,
  isConnected,
  isOneWay,
  longest,
  mayBeOneWay,
  nameOf,
  namesOf,
  waysTo,
} from '../scene.ts'

const bothSidesWork =
  'each side runs what it runs, takes commands, and replaces after `replace_after` what it misses; a heal settles which copies stay'

export const silentBoards: Rule = (scene) => {
  const groups = groupsOf(scene)
  const here = [scene.self.node, ...[...scene.boards.values()].filter((row) => row.liveness === 'alive').map((row) => row.node)]
  const mine = [...new Set(here)]
  // Alone among several, it is this board that is away.
  if (mine.length === 1 && scene.silent.length > 1) return [separated(scene, mine, scene.silent, 'cut-off')]
  return groups.map((group) => (group.length > 1 ? separated(scene, mine, group, 'partition') : oneSilent(scene, mine, group[0]!)))
}

/**
 * Those that fell together: what lies before all of them is away. Each for itself is gone where the machine answers and only its agent does
 * not, and where this agent has not heard it since it began: that tells when the agent began, and not when the board fell.
 */
function groupsOf(scene: Scene): BoardSeen[][] {
  const groups: BoardSeen[][] = []
  for (const board of scene.silent.toSorted((a, b) => a.silentMs - b.silentMs || compareText(a.node, b.node))) {
    const group = groups.at(-1)
    const before = group?.at(-1)
    const isTogether = before !== undefined && board.silentMs - before.silentMs <= limits.togetherMs
    const isHeard = board.liveness !== 'unheard' && before?.liveness !== 'unheard'
    if (isTogether && isHeard && !isRefused(scene, board) && !isRefused(scene, before)) group!.push(board)
    else groups.push([board])
  }
  return groups
}

function isRefused(scene: Scene, { node }: BoardSeen): boolean {
  return triesAt(scene, node).some(({ reached }) => reached === 'refused')
}

function separated(scene: Scene, mine: readonly string[], group: readonly BoardSeen[], kind: 'cut-off' | 'partition'): Finding {
  const theirs = group.map((row) => row.node)
  const oneWay = mayBeOneWay(scene, mine).some((a) => group.some((row) => fellOneWay(scene, a, row)))
  const away = namesOf(scene, theirs)
  return {
    id: oneWay ? 'one-way' : kind,
    severity: 'critical',
    from: namesOf(scene, mine),
    to: away,
    direction: oneWay ? 'from-to' : 'unknown',
    sinceMs: longest(group.map((row) => row.silentMs)),
    evidence: bounded([
      `${group.length} boards fell silent within ${age(Math.max(...group.map((row) => row.silentMs)) - Math.min(...group.map((row) => row.silentMs)))} of one another`,
      ...(oneWay ? oneWayWords(scene, mine, theirs) : []),
      ...group.flatMap((row) => silenceWords(scene, row)),
    ]),
    stillWorks: kind === 'cut-off' ? `${nameOf(scene, mine[0]!)} runs what it runs and takes commands; ${bothSidesWork}` : bothSidesWork,
    whatToDo:
      kind === 'cut-off'
        ? `look at the uplink of ${nameOf(scene, mine[0]!)} first (cable, modem, firewall, address); ask one of ${away.slice(0, 3).join(', ')} for its side`
        : `look at what lies between the two sides (uplink, router, firewall) and ask a board of the other side: shoal doctor --peer ADDRESS`,
  }
}

/** When the board fell silent, and not long before: a line that was one-way already says nothing of what has cut the others. */
function fellOneWay(scene: Scene, from: string, { node, silentMs }: BoardSeen): boolean {
  const fall = fallOf(scene, from, node)
  const isOfThen = fall === undefined || fall.agoMs - silentMs <= limits.oneWayMsMax
  return isOfThen && isOneWay(scene, from, node)
}

function oneSilent(scene: Scene, mine: readonly string[], board: BoardSeen): Finding {
  const oneWay = mayBeOneWay(scene, mine).some((a) => fellOneWay(scene, a, board))
  const refused = isRefused(scene, board)
  const what = oneWay ? 'one-way' : refused ? 'agent-down' : 'board-silent'
  return {
    id: what,
    severity: 'warning',
    from: namesOf(scene, mine),
    to: [board.name],
    direction: oneWay ? 'from-to' : 'unknown',
    sinceMs: board.silentMs,
    evidence: bounded([...(oneWay ? oneWayWords(scene, mine, [board.node]) : []), ...silenceWords(scene, board)]),
    stillWorks: refused
      ? 'the machine answers, and tasks outlive an agent; what it holds is replaced after `replace_after`'
      : 'all other boards; what it holds is replaced after `replace_after`, and if it runs it goes on',
    whatToDo: refused
      ? `its agent does not run, or listens elsewhere: on ${board.name}, systemctl status shoal`
      : oneWay
        ? `a firewall or a route lets packets through one way only: look at what ${board.name} may receive`
        : `look whether ${board.name} has power and a link; if it is gone for good: shoal node replace, or node evict`,
  }
}

function oneWayWords(scene: Scene, mine: readonly string[], theirs: readonly string[]): string[] {
  const pairs = mayBeOneWay(scene, mine).flatMap((a) => theirs.filter((b) => isOneWay(scene, a, b)).map((b) => ({ a, b })))
  return pairs.flatMap(({ a, b }) => {
    const [from, to] = [nameOf(scene, a), nameOf(scene, b)]
    const unheard = fallOf(scene, a, b)?.unheard ?? 0
    return [
      ...(unheard === 0 ? [] : [`${from} heard ${unheard} probes of ${to} while its own were not answered`]),
      ...(comesHalfOpen(scene, a, b) ? [`${to} begins connections to ${from}, and the answers of ${from} do not get back`] : []),
    ]
  })
}

function silenceWords(scene: Scene, board: BoardSeen): string[] {
  const others = scene.all.filter(
    (one) => one !== scene.self && one.boards.some((row) => row.node === board.node && row.liveness !== 'alive'),
  )
  const said =
    others.length === 0
      ? ''
      : `; so say ${namesOf(
          scene,
          others.map(({ node }) => node),
        )
          .slice(0, 5)
          .join(', ')}`
  const copies = board.copies === 0 ? '' : `, with ${board.copies} ${board.copies === 1 ? 'copy' : 'copies'}`
  const words = board.liveness === 'unheard' ? 'has not been heard since this agent began' : `was last heard ${age(board.silentMs)} ago`
  return [`${board.name} ${words}${copies}${said}`, ...triesAt(scene, board.node).map(tryWords)]
}

function triesAt(scene: Scene, node: string) {
  return waysTo(scene, node).flatMap(({ by, way }) =>
    way.reached === null ? [] : [{ by: by.name, byNode: by.node, address: way.address, reached: way.reached, fault: way.fault }],
  )
}

function tryWords({ by, address, reached, fault }: ReturnType<typeof triesAt>[number]): string {
  const words = {
    yes: 'takes connections',
    refused: 'refuses connections: the machine is there, and no agent listens',
    silent: 'gives no answer',
    unreachable: 'cannot be reached: no route',
    unnamed: 'leads nowhere: its name is not found',
  }[reached]
  const since = fault === null ? '' : `; ${fault.times} dials failed since ${age(fault.sinceMs)} ago`
  return `from ${by}, ${address} ${words}${since}`
}

/** Both are there, by way of others, and there was a connection. */
export const linksDown: Rule = (scene) => {
  const findings: Finding[] = []
  const seen = new Set<string>()
  for (const one of scene.all)
    for (const fall of one.falls) {
      const pair = [one.node, fall.node].sort(compareText).join(' ')
      if (fall.isOver || fall.agoMs < limits.linkDownMsMin || seen.has(pair) || !isDown(scene, one, fall.node)) continue
      seen.add(pair)
      findings.push(linkDown(scene, one.node, fall.node))
    }
  return findings
}

function isDown(scene: Scene, one: Examination, other: string): boolean {
  if (scene.boards.get(other)?.liveness !== 'alive' || isConnected(scene, one.node, other)) return false
  // A pool of many needs no connection between any two: it is down where it has been tried.
  const tries = triesAt(scene, other).filter(({ byNode }) => byNode === one.node)
  return isOneWay(scene, one.node, other) || tries.every(({ reached }) => reached !== 'yes')
}

function linkDown(scene: Scene, a: string, b: string): Finding {
  const deaf = isOneWay(scene, a, b) ? [a, b] : isOneWay(scene, b, a) ? [b, a] : null
  const [from, to] = deaf ?? [a, b].sort((x, y) => compareText(nameOf(scene, x), nameOf(scene, y)))
  const falls = [fallOf(scene, a, b), fallOf(scene, b, a)].filter((fall) => fall !== undefined)
  return {
    id: deaf === null ? 'link-down' : 'one-way',
    severity: 'warning',
    from: namesOf(scene, [from!]),
    to: namesOf(scene, [to!]),
    direction: deaf === null ? 'both' : 'from-to',
    sinceMs: longest(falls.map((fall) => fall.agoMs)),
    evidence: bounded([
      `the connection of ${nameOf(scene, a)} and ${nameOf(scene, b)} ended ${age(Math.max(...falls.map((fall) => fall.agoMs)))} ago because probes were not answered; both are heard by way of others`,
      ...(deaf === null ? [] : oneWayWords(scene, [deaf[0]!], [deaf[1]!])),
      ...triesAt(scene, b)
        .filter(({ byNode }) => byNode === a)
        .map(tryWords),
      ...triesAt(scene, a)
        .filter(({ byNode }) => byNode === b)
        .map(tryWords),
    ]),
    stillWorks:
      'everything: what the two have to say to each other goes by way of others; logs and `--follow` from one to the other do not',
    whatToDo: 'look at routes and firewalls between the two; nothing is urgent',
  }
}

/** It has dialled others, and nobody gets through to it: the usual NAT. */
export const undialable: Rule = (scene) => {
  const findings: Finding[] = []
  const linked = new Set(scene.all.flatMap((one) => [one.node, ...one.links.map(({ node }) => node)]))
  // Of the connection that stands, somebody has seen that it was made from there.
  const dialling = new Set(
    scene.all.flatMap((one) => (one.surroundings?.connections ?? []).flatMap((row) => (row.by === 'there' ? row.node : []))),
  )
  for (const { node, name, liveness, addresses } of scene.boards.values()) {
    if (liveness !== 'alive' || !linked.has(node) || !dialling.has(node)) continue
    const tries = triesAt(scene, node)
    if (tries.length === 0 || tries.some(({ reached }) => reached === 'yes')) continue
    const from = namesOf(scene, new Set(waysTo(scene, node).map(({ by }) => by.node)))
    const relays = namesOf(scene, new Set(addresses.flatMap((address) => /\/p2p\/([^/]+)\/p2p-circuit/.exec(address)?.[1] ?? [])))
    findings.push({
      id: 'dial-one-way',
      // A board behind NAT is as it was meant to be, and works.
      severity: 'note',
      from,
      to: [name],
      direction: 'from-to',
      sinceMs: longest(tries.map(({ fault }) => fault?.sinceMs ?? null)),
      evidence: bounded([
        `${name} is connected, by connections that it made itself`,
        ...(relays.length === 0 ? [] : [`it is reached through ${relays.join(' and ')}`]),
        ...tries.map(tryWords),
      ]),
      stillWorks: relays.length === 0 ? 'everything, over the connections that it makes itself' : 'everything',
      whatToDo:
        relays.length === 0
          ? `${name} takes a place at a relay by itself: that needs a member that both can dial, and network.relay is not to be off on either`
          : 'nothing; with a port that others can dial, what is said to it would not go over another board',
    })
  }
  return findings
}
