// Probes on the one stream of each watched connection. Of two ends the lower id probes, the other looks for itself only when
// that is late; every probe is echoed, and only an echo, or a probe of an end that says it hears us, proves both directions. So
// a cut of one direction ends the edge at both ends. Probes also tell the neighbour what it must know reliably: this end's
// sequence, whether it names the peer, and whether it lacks the peer's newest link state.

import { assert } from '../../../crdt/errors.ts'
import { type NodeId, compareText } from '../../../crdt/ids.ts'
import { nextBelow } from '../random.ts'
import { noteFall } from './falls.ts'
import { hasNews, isWatched, nameIfProved, ownWords, roomFor, unname, unwatch, urgent } from './links.ts'
import { type Probe, packProbe, unpackProbe } from './probe-number.ts'
import type { LinkState } from './link-state.ts'
import { ownState } from './publish.ts'
import type { Link, LivenessState } from './state.ts'
import { giveUpMs, hangUpAfterMs } from './suspicion.ts'

export function hearProbe(s: LivenessState, from: NodeId, n: number): void {
  const probe = unpackProbe(n)
  const link = s.links.get(from)
  // Not even an echo before this end knows of the connection: the other would believe that its words had been heard.
  if (probe === null || link === undefined) return
  s.out.push({ kind: 'probe-ack', to: from, n })
  link.hungUp = false
  const before = link.heard
  link.heard = probe
  if (before !== null && before.bootMark !== probe.bootMark) forgetBoot(s, link)
  if (link.round !== null) link.round.unheard++
  answerStates(s, link, probe)
  hearWants(s, link, probe)
  if (before?.names === true && !probe.names && link.named !== null) {
    unname(s, link)
    startRound(s, link, false)
  }
  if (probe.names && link.round === null) proved(s, link)
  nameIfProved(s, link)
  compareTables(s, link, probe)
  tell(s, link)
}

export function hearEcho(s: LivenessState, from: NodeId, n: number): void {
  const link = s.links.get(from)
  const sent = link?.sent.find((probe) => probe.n === n)
  if (link === undefined || sent === undefined) return
  link.hungUp = false
  link.told = wordsOf(n)
  if (link.round?.fell === false) sample(link, s.now - link.round.startedAt)
  link.round = null
  proved(s, link)
  nameIfProved(s, link)
  tell(s, link)
}

/** Starts, repeats and gives up rounds as time passes. */
export function watchLink(s: LivenessState, link: Link): void {
  if (link.hungUp) return
  if (link.round === null) {
    if ((isWatched(link) || hasNews(s, link)) && s.now >= link.dueAt) startRound(s, link, false)
    return
  }
  if (!isWatched(link) && !hasNews(s, link)) {
    s.stirred = true
    link.round = null
    return
  }
  if (link.named !== null && s.now >= link.round.startedAt + giveUpMs(s, link)) {
    s.stirred = true
    link.round.fell = true
    unname(s, link)
  }
  if (s.now >= link.round.startedAt + hangUpAfterMs(s, link)) return hangUp(s, link)
  if (s.now < link.round.nextAt) return
  link.round.tries++
  link.round.nextAt = s.now + reprobeMs(s, link)
  send(s, link)
}

/** When time alone next has something to do here. */
export function linkDueAt(s: LivenessState, link: Link): number {
  if (link.hungUp) return Infinity
  if (link.round === null) return isWatched(link) || hasNews(s, link) ? link.dueAt : Infinity
  const { startedAt, nextAt } = link.round
  const givenUpAt = link.named === null ? Infinity : startedAt + giveUpMs(s, link)
  return Math.min(nextAt, givenUpAt, startedAt + hangUpAfterMs(s, link))
}

/** Lets the peer know what changed at this end, until an echo says that it does. */
export function tell(s: LivenessState, link: Link): void {
  if (!hasNews(s, link)) return
  if (link.round === null) startRound(s, link, false)
  else if (urgent(wordsOf(link.sent.at(-1)?.n ?? 0)) !== urgent(ownWords(s, link))) send(s, link)
}

/** Looks at once whether the peer is still there; `doubted`: somebody else gave it up. */
export function startRound(s: LivenessState, link: Link, doubted: boolean): void {
  if (link.hungUp) return
  s.stirred = true
  if (link.round !== null) {
    link.round.doubted ||= doubted
    return
  }
  link.round = { startedAt: s.now, nextAt: 0, tries: 1, doubted, fell: false, unheard: 0 }
  link.round.nextAt = s.now + reprobeMs(s, link)
  send(s, link)
}

/** After a freeze: echoes of earlier probes may be as old as it was long, so only what is asked from now on proves anything. */
export function askAnew(s: LivenessState): void {
  for (const link of s.links.values()) {
    link.sent.length = 0
    link.round = null
    if (isWatched(link)) startRound(s, link, false)
  }
}

/** Another neighbour no longer names the peer: look for ourselves, unless we have just heard it. */
export function lookAgain(s: LivenessState, peer: NodeId): void {
  const link = s.links.get(peer)
  if (link === undefined || link.named === null) return
  if (link.proofAt !== null && s.now - link.proofAt < s.limits.reprobeMs) return
  startRound(s, link, true)
}

function send(s: LivenessState, link: Link): void {
  s.stirred = true
  link.counter = (link.counter + 1) % 16
  const n = ownWords(s, link) + link.counter * 16 + (s.tableMark[0] % 256) * 256
  link.sent.push({ n, at: s.now })
  if (link.sent.length > s.limits.sentCountMax) link.sent.shift()
  s.out.push({ kind: 'probe', to: link.peer, n })
}

function wordsOf(ownNumber: number): number {
  const probe = unpackProbe(ownNumber)
  assert(probe !== null, 'own probe numbers can be read')
  return packProbe({ ...probe, counter: 0, tableMark: 0 })
}

/**
 * Unanswered probes come apart: a board that is too slow to answer must not be kept so by those who ask. What is no edge (any more)
 * is asked at half the pace, then at a quarter.
 */
function reprobeMs(s: LivenessState, link: Link): number {
  const { reprobeMs: usual } = s.limits
  const patient = link.echo === null ? usual : Math.max(usual, Math.min(2 * link.echo.least, 4 * usual))
  const repeats = (link.round?.tries ?? 1) - 1
  return link.named === null ? 2 * patient * (repeats === 0 ? 1 : 2) : patient + ((patient * repeats) >> 1)
}

/** Both directions work at this moment. */
function proved(s: LivenessState, link: Link): void {
  link.proofAt = s.now
  // An edge that is not up yet waits for something (a link state, a document): ask again sooner.
  link.dueAt = s.now + (link.named === null ? s.limits.giveUpMsMin : intervalMs(s, link))
}

function intervalMs(s: LivenessState, link: Link): number {
  const { probeIntervalMs, probeOtherEndMs } = s.limits
  // The lower id probes, at moments that drift apart; the other end only when that fails to happen.
  return compareText(s.self, link.peer) < 0
    ? probeIntervalMs - nextBelow(s.random, 1 + (probeIntervalMs >> 3))
    : probeIntervalMs + probeOtherEndMs
}

/**
 * Smoothed as TCP does it (RFC 6298), in whole milliseconds, but only what is later than usual makes more patient: after the slow echoes
 * of a start the quick ones that follow would count as deviations for half a minute.
 */
function sample(link: Link, tookMs: number): void {
  if (link.echo === null) {
    link.echo = { mean: tookMs, lateness: tookMs >> 1, least: tookMs }
    return
  }
  const { mean, lateness, least } = link.echo
  // The least creeps up, so that a path that became longer is believed after a while.
  link.echo = {
    mean: (7 * mean + tookMs + 4) >> 3,
    lateness: (3 * lateness + Math.max(0, tookMs - mean) + 2) >> 2,
    least: Math.min(tookMs, least + (least >> 3) + 1),
  }
}

/** The peer began anew behind the same connection. */
function forgetBoot(s: LivenessState, link: Link): void {
  unname(s, link)
  link.told = null
  link.proofAt = null
}

/** Sends the peer what it lacks of this node, or what it said itself in an earlier boot and must go on from. */
function answerStates(s: LivenessState, link: Link, probe: Probe): void {
  const own = ownState(s)
  if (probe.lacks && own !== undefined) relayOwn(s, link, own)
  const known = s.table.get(link.peer)?.state
  if (known === undefined || probe.sequence === 0) return
  const earlierBoot = known.boot % 256 !== probe.bootMark
  if (known.sequence > probe.sequence || (known.sequence === probe.sequence && earlierBoot)) {
    s.out.push({ kind: 'relay', to: link.peer, states: [known.bytes] })
  }
}

/** Probes overtake what answers them: on a slow link each would bring the same statement again. */
function relayOwn(s: LivenessState, link: Link, own: LinkState): void {
  const { relayAgainMsMin, relayAgainMsMax } = s.limits
  const patient = link.echo === null ? relayAgainMsMin : Math.min(Math.max(2 * link.echo.mean, relayAgainMsMin), relayAgainMsMax)
  if (link.relayed?.sequence === own.sequence && s.now - link.relayed.at < patient) return
  link.relayed = { sequence: own.sequence, at: s.now }
  s.out.push({ kind: 'relay', to: link.peer, states: [own.bytes] })
}

function hearWants(s: LivenessState, link: Link, probe: Probe): void {
  if (probe.full && link.wants) {
    unwatch(s, link)
    link.refusedUntil = s.now + s.limits.refusedMs + nextBelow(s.random, s.limits.refusedMs)
  }
  if (probe.wants && !link.taken) link.taken = roomFor(s, link)
  if (!probe.wants && link.taken) {
    link.taken = false
    if (!link.wants) unwatch(s, link)
  }
}

function compareTables(s: LivenessState, link: Link, probe: Probe): void {
  if (probe.tableMark === s.tableMark[0] % 256 || link.named === null) {
    link.differsSince = null
    return
  }
  link.differsSince ??= s.now
  // Only probes say what the other end's table is: both ends look again soon.
  link.dueAt = Math.min(link.dueAt, s.now + s.limits.compareAfterMs)
  if (s.now - link.differsSince < s.limits.compareAfterMs || s.now - link.comparedAt < s.limits.compareGapMs) return
  link.comparedAt = s.now
  s.out.push({ kind: 'compare', to: link.peer })
}

function hangUp(s: LivenessState, link: Link): void {
  noteFall(s, link)
  unname(s, link)
  s.stirred = true
  link.round = null
  link.proofAt = null
  link.hungUp = true
  s.out.push({ kind: 'hang-up', peer: link.peer, reason: 'probes are not answered' })
}
