// Rule by rule, what examinations lead to: findings, or nothing where a fault cannot be told from what is ordinary. What the simulator can play
// is in test/scenario/doctor.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { Examination } from '../../../../../crdt/api-doctor.ts'
import { diagnose } from '../../../../../node/core/doctor/diagnose.ts'
import { doctorLimits } from '../../../../../node/core/doctor/limits.ts'
import { nameIn } from '../../../../../node/core/doctor/rules/ways-in.ts'
import { board, examination, fault, link, silent, surroundings, way } from '../../../../support/examinations.ts'

const minuteMs = 60_000

interface Case {
  readonly what: string
  readonly self: Partial<Examination>
  /** What others answer, by board. */
  readonly others?: Readonly<Record<string, Partial<Examination> & { readonly clockMs?: number; readonly tookMs?: number }>>
  readonly says: readonly string[]
}

function said({ self, others = {} }: Case): string[] {
  const answered = Object.entries(others).map(([node, { clockMs = 0, tookMs = 20, ...more }]) => ({
    examination: examination(node, { wallMs: 1_800_000_000_000 + clockMs, ...more }),
    clockMs,
    tookMs,
  }))
  const { findings } = diagnose({ self: examination('b1', self), answered, unanswered: [] })
  return findings.map(({ id, severity, from, to }) => `${severity} ${id}: ${from.join(' ')}${to.length > 0 ? ` > ${to.join(' ')}` : ''}`)
}

const boards = (...rows: Examination['boards']): Partial<Examination> => ({
  boards: ['b1', 'b2', 'b3', 'b4'].map((node) => rows.find((row) => row.node === node) ?? board(node)),
})
const seen = (more: Parameters<typeof surroundings>[0]): Partial<Examination> => ({ surroundings: surroundings(more) })
const fall = { agoMs: minuteMs, times: 1, unheard: 0, isOver: false }

const reach: readonly Case[] = [
  { what: 'nothing is wrong', self: {}, others: { b2: {}, b3: {} }, says: [] },
  { what: 'two that fell together', self: boards(silent('b3', 90_000), silent('b4', 91_000)), says: ['critical partition: b1 b2 > b3 b4'] },
  {
    what: 'two that fell minutes apart',
    self: boards(silent('b3', 90_000), silent('b4', 900_000)),
    says: ['warning board-silent: b1 b2 > b3', 'warning board-silent: b1 b2 > b4'],
  },
  {
    what: 'two that fell together, and whose machines refuse',
    self: {
      ...boards(silent('b3', 90_000), silent('b4', 90_000)),
      ...seen({ ways: [way('b3', { reached: 'refused' }), way('b4', { reached: 'refused' })] }),
    },
    says: ['warning agent-down: b1 b2 > b3', 'warning agent-down: b1 b2 > b4'],
  },
  {
    what: 'all but the board itself',
    self: boards(silent('b2', 90_000), silent('b3', 90_000), silent('b4', 90_000)),
    says: ['critical cut-off: b1 > b2 b3 b4'],
  },
  {
    what: 'boards that have not been heard yet, by an agent that has just begun',
    self: { upMs: 5_000, boards: [board('b1'), board('b2', { liveness: 'unheard', silentMs: 5_000, pathMs: null })] },
    says: [],
  },
  {
    what: 'the same long after',
    self: { boards: [board('b1'), board('b2', { liveness: 'unheard', silentMs: 90_000, pathMs: null })] },
    says: ['warning board-silent: b1 > b2'],
  },
  {
    what: 'two that were gone, each for itself, before this agent began',
    self: boards(...['b3', 'b4'].map((node) => board(node, { liveness: 'unheard', silentMs: 90_000, pathMs: null }))),
    says: ['warning board-silent: b1 b2 > b3', 'warning board-silent: b1 b2 > b4'],
  },
  {
    what: 'two that fell together, before this agent began, as another saw it',
    self: boards(...['b3', 'b4'].map((node) => board(node, { liveness: 'unheard', silentMs: 90_000, pathMs: null }))),
    others: { b2: boards(silent('b3', 900_000), silent('b4', 901_000)) },
    says: ['critical partition: b1 b2 > b3 b4'],
  },
  {
    what: 'those who have left, wait or are evicted are not missed',
    self: {
      boards: [
        board('b1'),
        board('b2', { liveness: 'left', silentMs: 90_000 }),
        { ...silent('b3', 90_000), evicted: true },
        { ...silent('b4', 90_000), waits: 'waiting-room' },
      ],
    },
    says: [],
  },
  { what: 'a connection that ended a minute ago', self: { falls: [{ node: 'b2', ...fall }] }, says: ['warning link-down: b1 > b2'] },
  { what: 'a moment ago', self: { falls: [{ node: 'b2', ...fall, agoMs: 2_000 }] }, says: [] },
  { what: 'and was made again', self: { falls: [{ node: 'b2', ...fall }], links: [link('b2')] }, says: [] },
  {
    what: 'and is not needed: the board takes connections',
    self: { falls: [{ node: 'b2', ...fall }], ...seen({ ways: [way('b2')] }) },
    says: [],
  },
  {
    what: 'one probe came that was on its way',
    self: { falls: [{ node: 'b2', ...fall, unheard: 1 }] },
    says: ['warning link-down: b1 > b2'],
  },
  { what: 'probes that came unheard', self: { falls: [{ node: 'b2', ...fall, unheard: 3 }] }, says: ['warning one-way: b1 > b2'] },
  {
    what: 'the same, said by the other end',
    self: {},
    others: { b2: { falls: [{ node: 'b1', ...fall, unheard: 3 }] } },
    says: ['warning one-way: b2 > b1'],
  },
  {
    what: 'one way only, and nobody else between',
    self: { ...boards(silent('b4', 90_000)), falls: [{ node: 'b4', ...fall, unheard: 3 }] },
    says: ['warning one-way: b1 b2 b3 > b4'],
  },
  {
    what: 'all but the board itself, one of them one-way since long before',
    self: {
      ...boards(silent('b2', 90_000), silent('b3', 90_000), silent('b4', 90_000)),
      falls: [{ node: 'b2', ...fall, agoMs: 900_000, unheard: 3 }],
    },
    says: ['critical cut-off: b1 > b2 b3 b4'],
  },
  {
    what: 'connections that come in half open, after a fall',
    self: {},
    others: { b2: { falls: [{ node: 'b3', ...fall }], ...seen({ halfOpen: ['10.0.0.3'] }) } },
    says: ['warning one-way: b2 > b3'],
  },
  {
    what: 'a connection that begins, beside one that stands',
    self: { links: [link('b2')], ...seen({ halfOpen: ['10.0.0.2'] }) },
    says: [],
  },
  {
    what: 'a board that nobody can dial, connected by its own dial',
    self: {
      links: [link('b2')],
      ...seen({ ways: [way('b2', { reached: 'silent' })], connections: [{ node: 'b2', by: 'there', isRelayed: false }] }),
    },
    says: ['note dial-one-way: b1 > b2'],
  },
  {
    what: 'one that somebody can dial',
    self: {
      links: [link('b2')],
      ...seen({ ways: [way('b2', { reached: 'silent' })], connections: [{ node: 'b2', by: 'there', isRelayed: false }] }),
    },
    others: { b3: seen({ ways: [way('b2')] }) },
    says: [],
  },
]

const lines: readonly Case[] = [
  { what: 'three returns', self: boards(board('b2', { returns: [1_000, 90_000, 300_000] })), says: ['warning flapping: b1 > b2'] },
  { what: 'two returns', self: boards(board('b2', { returns: [1_000, 90_000] })), says: [] },
  { what: 'three, long ago', self: boards(board('b2', { returns: [20, 30, 40].map((n) => n * minuteMs) })), says: [] },
  {
    what: 'all others come and go: it is this board',
    self: boards(...['b2', 'b3', 'b4'].map((node) => board(node, { returns: [1_000, 2_000, 3_000] }))),
    says: ['warning flapping: b2 b3 b4 > b1'],
  },
  {
    what: 'a line that comes and goes, as both ends say',
    self: { falls: [{ node: 'b2', ...fall, times: 4, isOver: true }], links: [link('b2')] },
    others: { b2: { falls: [{ node: 'b1', ...fall, times: 3, isOver: true }] } },
    says: ['warning flapping: b1 > b2'],
  },
  {
    what: 'a board behind a slow line',
    self: { links: [link('b2'), link('b4', { roundTripMs: 4_000 })] },
    others: { b2: { links: [link('b4', { roundTripMs: 4_100 })] } },
    says: ['warning slow-link: b4 > b1 b2'],
  },
  { what: 'a satellite', self: { links: [link('b2', { roundTripMs: 650 })] }, says: [] },
  { what: 'another address', self: { moved: { before: ['/x'], agoMs: 1_000 } }, says: ['note address-changed: b1'] },
  { what: 'another address since yesterday', self: { moved: { before: ['/x'], agoMs: 86_400_000 } }, says: [] },
]

const listed = { isBootstrap: true } as const
const gone = { ...listed, node: null, address: '/ip4/192.0.2.9/tcp/7420', reached: 'silent', fault: fault('silent') } as const
const named = { ...listed, node: null, address: '/dns4/board.example/tcp/7420' } as const
const name = { name: 'board.example', tookMs: 3 }
const waysIn: readonly Case[] = [
  {
    what: 'a name that is not found',
    self: seen({ names: [{ ...name, outcome: 'nothing', addresses: [] }], ways: [way(null, { ...named, reached: 'unnamed' })] }),
    says: ['warning dns-nothing: b1'],
  },
  {
    what: 'a server that is silent, for two boards',
    self: seen({ names: [{ ...name, outcome: 'hangs', addresses: [] }] }),
    others: { b2: seen({ names: [{ ...name, outcome: 'hangs', addresses: [] }] }) },
    says: ['warning dns-hangs: b1 b2'],
  },
  {
    what: 'a name that leads astray',
    self: seen({
      names: [{ ...name, outcome: 'answers', addresses: ['192.0.2.7'] }],
      ways: [way(null, { ...named, reached: 'yes', fault: fault('handshake') })],
    }),
    says: ['warning dns-wrong: b1', 'warning handshake-refused: b1'],
  },
  {
    what: 'a name that leads to a board that is silent',
    self: {
      ...boards(silent('b2', 900_000)),
      ...seen({
        names: [{ ...name, outcome: 'answers', addresses: ['10.0.0.2'] }],
        ways: [way(null, { ...named, reached: 'silent', fault: fault('silent') })],
      }),
    },
    says: ['warning board-silent: b1 b3 b4 > b2'],
  },
  { what: 'one entry that is gone', self: seen({ ways: [way(null, gone), way('b2', listed)] }), says: ['warning bootstrap-gone: b1'] },
  {
    what: 'all but its own',
    self: seen({ ways: [way(null, gone), way('b1', listed)] }),
    says: ['warning bootstrap-all-gone: b1'],
  },
  {
    what: 'an entry that somebody else reaches',
    self: seen({ ways: [way(null, gone), way('b2', listed)] }),
    others: { b2: seen({ ways: [way(null, { ...gone, reached: 'yes', fault: null })] }) },
    says: [],
  },
  {
    what: 'an entry that has only just failed',
    self: seen({ ways: [way(null, { ...gone, fault: fault('silent', { sinceMs: minuteMs }) }), way('b2', listed)] }),
    says: [],
  },
  {
    what: 'handshakes that fail',
    self: seen({ ways: [way('b2', { fault: fault('handshake') })] }),
    says: ['warning handshake-refused: b1 > b2'],
  },
]

const themselves: readonly Case[] = [
  {
    what: 'a disk that refuses, said by its board',
    self: {},
    others: { b2: { storeProblem: { reason: 'no space', sinceMs: minuteMs }, ...seen({ disk: { freeMib: 0, totalMib: 8_000 } }) } },
    says: ['critical disk-refuses: b2'],
  },
  { what: 'little room', self: seen({ disk: { freeMib: 60, totalMib: 8_000 } }), says: ['warning disk-low: b1'] },
  { what: 'a small disk with room', self: seen({ disk: { freeMib: 60, totalMib: 200 } }), says: [] },
  { what: 'a large disk that is nearly full', self: seen({ disk: { freeMib: 9_000, totalMib: 1_000_000 } }), says: [] },
  { what: 'no memory', self: seen({ memory: { availableMib: 20, totalMib: 1_024, agentMib: 90 } }), says: ['warning memory-low: b1'] },
  { what: 'a very small board', self: seen({ memory: { availableMib: 40, totalMib: 256, agentMib: 90 } }), says: [] },
  {
    what: 'an engine that copies need, and one that nothing needs',
    self: boards(
      board('b2', { driversDown: [{ driver: 'docker', reason: 'x', copies: 2 }] }),
      board('b3', { driversDown: [{ driver: 'docker', reason: 'x', copies: 0 }] }),
    ),
    says: ['critical engine-down: b2', 'warning engine-down: b3'],
  },
  { what: 'a clock among three', self: {}, others: { b2: {}, b3: { clockMs: -600_000 } }, says: ['warning clock-off: b3'] },
  { what: 'its own clock', self: {}, others: { b2: { clockMs: 600_000 }, b3: { clockMs: 600_500 } }, says: ['warning clock-off: b1'] },
  { what: 'of two', self: {}, others: { b2: { clockMs: 600_000 } }, says: ['warning clock-off: b1 b2'] },
  {
    what: 'of two, of which one is synchronised',
    self: { isClockSynchronised: true },
    others: { b2: { clockMs: 600_000 } },
    says: ['warning clock-off: b2'],
  },
  { what: 'a slow answer makes no clock wrong', self: {}, others: { b2: {}, b3: { clockMs: 61_000, tookMs: 4_000 } }, says: [] },
  { what: 'a clock of 1970', self: {}, others: { b2: { clockMs: -1_800_000_000_000 } }, says: ['warning clock-off: b2'] },
  { what: 'an old disk', self: { oldDisk: 1 }, says: ['note old-disk: b1'] },
  { what: 'over and over', self: { oldDisk: 3 }, says: ['warning old-disk: b1'] },
]

const trust: readonly Case[] = [
  { what: 'two machines with one key', self: boards(board('b2', { clones: ['/x', '/y'] })), says: ['critical clone: b2'] },
  {
    what: 'a ban',
    self: {},
    others: { b2: { bans: [{ node: 'b3', code: 'E_SIGNATURE', leftMs: 9_000, isHeld: true }] } },
    says: ['warning banned: b2 > b3'],
  },
  { what: 'a board that waits', self: { waits: 'no-certificate' }, says: ['critical not-admitted: b1'] },
  { what: 'a board that is evicted', self: boards(board('b1', { evicted: true })), says: ['critical evicted: b1'] },
  { what: 'a key that some lack', self: boards(board('b3', { lacksPsk: true })), says: ['note psk-behind: b3'] },
  {
    what: 'documents that do not get together',
    self: {},
    others: { b2: { documents: { hash: 'bb', count: 8, quietMs: 5 * minuteMs } } },
    says: ['warning documents-apart: b1 > b2'],
  },
  { what: 'documents on their way', self: {}, others: { b2: { documents: { hash: 'bb', count: 8, quietMs: 20_000 } } }, says: [] },
  {
    what: 'a board that has just begun',
    self: {},
    others: { b2: { upMs: 20_000, documents: { hash: 'bb', count: 8, quietMs: 5 * minuteMs } } },
    says: [],
  },
]

for (const one of [...reach, ...lines, ...waysIn, ...themselves, ...trust]) test(one.what, () => assert.deepEqual(said(one), one.says))

test('the worst comes first, and every list is bounded', () => {
  const many = Array.from({ length: 60 }, (_, index) => silent(`b${index + 2}`, 90_000 + index))
  const self = examination('b1', { boards: [board('b1'), board('b99'), ...many], oldDisk: 1, moved: { before: [], agoMs: 1 } })
  const { findings } = diagnose({ self, answered: [], unanswered: [] })
  assert.deepEqual(
    findings.map(({ severity }) => severity),
    ['critical', 'note', 'note'],
  )
  for (const { evidence } of findings) assert.ok(evidence.length <= doctorLimits.evidenceMax)
})

test('of a board that nobody can dial it is said through whom it is reached', () => {
  const through = '/ip4/192.0.2.1/tcp/7420/p2p/b3/p2p-circuit/p2p/b2'
  const row = board('b2')
  const seenThere = seen({ ways: [way('b2', { reached: 'silent' })], connections: [{ node: 'b2', by: 'there', isRelayed: false }] })
  const all = { boards: [board('b1'), { ...row, addresses: [...row.addresses, through] }, board('b3')] }
  const { findings } = diagnose({ self: examination('b1', { ...all, links: [link('b2')], ...seenThere }), answered: [], unanswered: [] })
  assert.deepEqual(
    findings.map(({ id }) => id),
    ['dial-one-way'],
  )
  assert.ok(findings[0]!.evidence.includes('it is reached through b3'), findings[0]!.evidence.join('; '))
})

test('a dnsaddr is no name that leads to numbers', () => {
  assert.equal(nameIn('/dnsaddr/board.example'), null)
  assert.equal(nameIn('/dns4/board.example/tcp/1'), 'board.example')
})

test('docs/doctor.md lists every finding, and no others', () => {
  const folder = new URL('../../../../../node/core/doctor/rules/', import.meta.url)
  const source = readdirSync(folder)
    .map((file) => readFileSync(new URL(file, folder), 'utf8'))
    .join('\n')
  const page = readFileSync(new URL('../../../../../docs/doctor.md', import.meta.url), 'utf8')
  const table = page.split('## What it names')[1]!.split('##')[0]!
  const listed = [...table.matchAll(/`([a-z]+(?:-[a-z]+)*)`/g)].map(([, id]) => id!).filter((id) => id !== 'shoal')
  const quoted = new Set([...source.matchAll(/'([a-z]+(?:-[a-z]+)*)'/g)].map(([, id]) => id!))
  for (const id of listed) assert.ok(quoted.has(id), `${id} is listed and not said`)
  const said = [...source.matchAll(/\bid: '([a-z-]+)'/g)].map(([, id]) => id!)
  for (const id of said) assert.ok(listed.includes(id), `${id} is said and not listed`)
})
