// Another board's examination: JSON from a peer, of a known shape or none. The rules of the doctor rely on every field's type; what a newer
// agent says besides is let through.

import FastestValidator, { type SyncCheckFunction } from 'fastest-validator'

import type { Examination } from '../crdt/api-doctor.ts'
import { doctorLimits as limits } from './core/doctor/limits.ts'

// fastest-validator's types describe a CommonJS default export that Node's ESM loader hands over as it is.
const Validator = FastestValidator as unknown as typeof FastestValidator.default

const text = { type: 'string', max: limits.textMax }
const word = { type: 'string', max: limits.wordMax }
const reason = { type: 'string', max: limits.reasonMax }
const number = { type: 'number' }
const orNull = (shape: object): object => ({ ...shape, nullable: true })
const list = (items: object, max: number = limits.rowsMax): object => ({ type: 'array', items, max })
const record = (props: object): object => ({ type: 'object', props })

const fault = record({ kind: word, words: text, sinceMs: number, agoMs: number, times: number })
const board = record({
  node: text,
  name: text,
  liveness: word,
  silentMs: number,
  pathMs: orNull(number),
  returns: list(number, limits.perBoardMax),
  neighbours: list(text, limits.perBoardMax),
  addresses: list(text, limits.perBoardMax),
  evicted: 'boolean',
  waits: orNull(word),
  clones: list(text, limits.perBoardMax),
  driversDown: list(record({ driver: word, reason, copies: number }), limits.driversMax),
  lacksPsk: 'boolean',
  copies: number,
})

const way = record({ address: text, node: orNull(text), isBootstrap: 'boolean', reached: orNull(word), fault: orNull(fault) })

const shape = {
  node: text,
  name: text,
  pool: text,
  version: text,
  upMs: number,
  wallMs: number,
  isClockSynchronised: 'boolean',
  isCatchingUp: 'boolean',
  documents: record({ hash: text, count: number, quietMs: number }),
  oldDisk: number,
  storeProblem: orNull(record({ reason, sinceMs: number })),
  waits: orNull(word),
  moved: orNull(record({ before: list(text, limits.perBoardMax), agoMs: number })),
  addresses: list(text, limits.perBoardMax),
  links: list(record({ node: text, isNamed: 'boolean', provedMs: orNull(number), roundTripMs: orNull(number) })),
  falls: list(record({ node: text, agoMs: number, times: number, unheard: number, isOver: 'boolean' })),
  boards: list(board),
  bans: list(record({ node: text, code: word, leftMs: number, isHeld: 'boolean' })),
  surroundings: {
    ...record({
      disk: orNull(record({ freeMib: number, totalMib: number })),
      memory: orNull(record({ availableMib: number, totalMib: number, agentMib: number })),
      names: list(record({ name: text, outcome: word, addresses: list(text, 16), tookMs: number })),
      ways: list(way),
      halfOpen: list(text),
      connections: list(record({ node: text, by: word, isRelayed: 'boolean' })),
    }),
    optional: true,
  },
}

interface Checks {
  readonly whole: SyncCheckFunction
  readonly board: SyncCheckFunction
  readonly way: SyncCheckFunction
}

let checks: Checks | null = null

/** null: it is none. Rows that hold what third boards say of themselves go one by one: none of them spoils the answer. */
export function readExamination(value: unknown): Examination | null {
  if (!isObject(value)) return null
  checks ??= compiled()
  const { whole, board: boardCheck, way: wayCheck } = checks
  const read = { ...value, boards: kept(value['boards'], boardCheck) }
  const seen = value['surroundings']
  const all = isObject(seen) ? { ...read, surroundings: { ...seen, ways: kept(seen['ways'], wayCheck) } } : read
  return whole(all) === true ? (all as unknown as Examination) : null
}

function compiled(): Checks {
  const validator = new Validator({ haltOnFirstError: true })
  const of = (props: unknown): SyncCheckFunction => validator.compile(props as object) as SyncCheckFunction
  return { whole: of(shape), board: of({ row: board }), way: of({ row: way }) }
}

/** What is no list, or too long a one, is left to the check of the whole. */
function kept(rows: unknown, check: SyncCheckFunction): unknown {
  return Array.isArray(rows) && rows.length <= limits.rowsMax ? rows.filter((row) => check({ row }) === true) : rows
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
