// Another board's examination: JSON from a peer, of a known shape or none. The rules of the doctor rely on every field's type; what a newer
// agent says besides is let through.

import FastestValidator, { type SyncCheckFunction } from 'fastest-validator'

import type { Examination } from '../crdt/api-doctor.ts'

// fastest-validator's types describe a CommonJS default export that Node's ESM loader hands over as it is.
const Validator = FastestValidator as unknown as typeof FastestValidator.default

const text = { type: 'string', max: 512 }
const word = { type: 'string', max: 64 }
const number = { type: 'number' }
const orNull = (shape: object): object => ({ ...shape, nullable: true })
const list = (items: object, max = 1_024): object => ({ type: 'array', items, max })
const record = (props: object): object => ({ type: 'object', props })

const fault = record({ kind: word, words: text, sinceMs: number, agoMs: number, times: number })
const board = record({
  node: text,
  name: text,
  liveness: word,
  silentMs: number,
  pathMs: orNull(number),
  returns: list(number, 64),
  neighbours: list(text, 64),
  addresses: list(text, 64),
  evicted: 'boolean',
  waits: orNull(word),
  clones: list(text, 64),
  driversDown: list(record({ driver: word, reason: { type: 'string', max: 4_096 }, copies: number }), 16),
  lacksPsk: 'boolean',
  copies: number,
})

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
  storeProblem: orNull(record({ reason: { type: 'string', max: 4_096 }, sinceMs: number })),
  waits: orNull(word),
  moved: orNull(record({ before: list(text, 64), agoMs: number })),
  addresses: list(text, 64),
  links: list(record({ node: text, isNamed: 'boolean', provedMs: orNull(number), roundTripMs: orNull(number) })),
  falls: list(record({ node: text, agoMs: number, times: number, unheard: number, isOver: 'boolean' })),
  boards: list(board),
  bans: list(record({ node: text, code: word, leftMs: number, isHeld: 'boolean' })),
  surroundings: {
    ...record({
      disk: orNull(record({ freeMib: number, totalMib: number })),
      memory: orNull(record({ availableMib: number, totalMib: number, agentMib: number })),
      names: list(record({ name: text, outcome: word, addresses: list(text, 16), tookMs: number })),
      ways: list(record({ address: text, node: orNull(text), isBootstrap: 'boolean', reached: orNull(word), fault: orNull(fault) })),
      halfOpen: list(text),
      connections: list(record({ node: text, by: word, isRelayed: 'boolean' })),
    }),
    optional: true,
  },
}

let check: SyncCheckFunction | null = null

/** null: it is none. */
export function readExamination(value: unknown): Examination | null {
  if (typeof value !== 'object' || value === null) return null
  check ??= new Validator({ haltOnFirstError: true }).compile(shape) as SyncCheckFunction
  return check(value) === true ? (value as Examination) : null
}
