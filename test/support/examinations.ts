// Examinations of boards at which nothing is wrong, to be changed by a test at one place.

import type { BoardSeen, Examination, LinkSeen, Surroundings, WaySeen } from '../../crdt/api-doctor.ts'

const hourMs = 3_600_000

export function addressOf(node: string): string {
  return `/ip4/10.0.0.${node.slice(1)}/tcp/7420`
}

export function board(node: string, more: Partial<BoardSeen> = {}): BoardSeen {
  return {
    node,
    name: node,
    liveness: 'alive',
    silentMs: 0,
    pathMs: hourMs,
    returns: [],
    neighbours: [],
    addresses: [addressOf(node)],
    evicted: false,
    waits: null,
    clones: [],
    driversDown: [],
    lacksPsk: false,
    copies: 0,
    ...more,
  }
}

export function silent(node: string, silentMs: number): BoardSeen {
  return board(node, { liveness: 'disconnected', silentMs, pathMs: null })
}

export function link(node: string, more: Partial<LinkSeen> = {}): LinkSeen {
  return { node, isNamed: true, provedMs: 0, roundTripMs: 5, ...more }
}

export function way(node: string | null, more: Partial<WaySeen> = {}): WaySeen {
  return { address: addressOf(node ?? 'b9'), node, isBootstrap: false, reached: 'yes', fault: null, ...more }
}

export function fault(kind: 'name' | 'silent' | 'refused' | 'handshake', more: object = {}): NonNullable<WaySeen['fault']> {
  return { kind, words: kind, sinceMs: hourMs, agoMs: 1_000, times: 9, ...more }
}

export function surroundings(more: Partial<Surroundings> = {}): Surroundings {
  return {
    disk: { freeMib: 4_000, totalMib: 8_000 },
    memory: { availableMib: 400, totalMib: 1_024, agentMib: 90 },
    names: [],
    ways: [],
    connections: [],
    halfOpen: [],
    ...more,
  }
}

export function examination(node: string, more: Partial<Examination> = {}): Examination {
  return {
    node,
    name: node,
    pool: 'default',
    version: '0.1.0',
    upMs: hourMs,
    wallMs: 1_800_000_000_000,
    isClockSynchronised: false,
    isCatchingUp: false,
    documents: { hash: 'aa', count: 9, quietMs: hourMs },
    oldDisk: 0,
    storeProblem: null,
    waits: null,
    moved: null,
    addresses: [addressOf(node)],
    links: [],
    falls: [],
    boards: [board('b1'), board('b2'), board('b3'), board('b4')],
    bans: [],
    surroundings: surroundings(),
    ...more,
  }
}
