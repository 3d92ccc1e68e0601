import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { coverageLine } from '../../../../cli/render/coverage.ts'
import { explainText, shortReasons } from '../../../../cli/render/explain.ts'
import { jobDetail, jobTable } from '../../../../cli/render/jobs.ts'
import { LiveBlock } from '../../../../cli/render/live.ts'
import { nodeTable } from '../../../../cli/render/nodes.ts'
import { painter } from '../../../../cli/render/paint.ts'
import { receiptLine } from '../../../../cli/render/receipt.ts'
import { statusText } from '../../../../cli/render/status.ts'
import { age, safe, shortId, time } from '../../../../cli/render/words.ts'
import type { JobDetail, SlotExplanation } from '../../../../crdt/api-jobs.ts'
import { allocRow, coverage, fakeNodes, nodeRow } from '../../../support/cli-fake-mesh.ts'
import { testNow, testOut } from '../../../support/cli-io.ts'

const plain = painter(false)

const job: JobDetail = {
  id: 'default/web',
  pool: 'default',
  desired: 'run',
  type: 'service',
  priority: 50,
  version: '1.3.abcdef01',
  wanted: 2,
  running: 1,
  healthy: 1,
  complete: 0,
  conflicts: 1,
  problems: [],
  voided: [],
  spec: null,
  allocs: [allocRow('default/web/front/0', 0, { startedAt: testNow })],
  slots: [
    { slot: 'default/web/front/0', holder: fakeNodes[0], complete: null, candidate: null, reason: null },
    { slot: 'default/web/front/1', holder: null, complete: null, candidate: null, reason: 'partition-half' },
  ],
  conflictsList: [],
}

describe('words', () => {
  it('shows ages in two units at most', () => {
    const cases: readonly [number, string][] = [
      [-1, '0s'],
      [0, '0s'],
      [999, '0s'],
      [1500, '1s'],
      [133_000, '2m13s'],
      [3_600_000, '1h'],
      [93_784_000, '1d2h'],
    ]
    for (const [ms, text] of cases) assert.equal(age(ms), text)
  })

  it('shows times in UTC, or that nobody said', () => {
    assert.equal(time(testNow), '2026-01-02T03:04:05Z')
    assert.equal(time(0), '-')
    assert.equal(time(Number.MAX_SAFE_INTEGER), '-')
  })

  it('gives short ids that peers accept', () => {
    assert.equal(shortId(fakeNodes[0]), fakeNodes[0].slice(8, 16))
    assert.equal(shortId('0123456789abcdef'), '01234567')
  })

  it('lets no document speak to the terminal', () => {
    assert.equal(safe('a\u001b[2Jb\nc\u009bd'), 'a?[2Jb?c?d')
    const evil = nodeTable([nodeRow(0, { name: '\u001b]0;owned\u0007' })], plain)
    assert.doesNotMatch(evil, /\u001b|\u0007/) // oxlint-disable-line no-control-regex -- they are what is looked for
  })
})

describe('views', () => {
  it('says how far a read can be trusted', () => {
    assert.equal(coverageLine(coverage()), 'board-0 answered for pool default: 3 of 3 nodes alive')
    const nobody = coverage({ nodesAlive: 0, nodesTotal: 0 })
    assert.equal(coverageLine(nobody), 'board-0 answered for pool default: no node is admitted')
    assert.equal(
      coverageLine(coverage({ nodesAlive: 2, oldestMs: 133_000 })),
      'board-0 answered for pool default: 2 of 3 nodes alive; nothing from the other one for up to 2m13s',
    )
    assert.equal(
      coverageLine(coverage({ nodesAlive: 1, oldestMs: 5000 })),
      'board-0 answered for pool default: 1 of 3 nodes alive; nothing from the other 2 for up to 5s',
    )
  })

  it('lists nodes', () => {
    const nodes = [
      nodeRow(0),
      nodeRow(1, { liveness: 'disconnected', silentMs: 65_000 }),
      nodeRow(2, { draining: true, eligible: false, path: { over: 'tcp', via: 'gate' } }),
    ]
    const id = (index: number): string => fakeNodes[index]?.slice(8, 16) ?? ''
    assert.equal(
      nodeTable(nodes, plain),
      'NODE     ID        POOL     STATE                        PATH        SILENT  ALLOCS           CPU       MEMORY  AGENT\n' +
        `board-0  ${id(0)}  default  alive                        -           -            1  100/4000 MHz  64/4096 MiB  0.1.0\n` +
        `board-1  ${id(1)}  default  disconnected                 -           1m5s         1  100/4000 MHz  64/4096 MiB  0.1.0\n` +
        `board-2  ${id(2)}  default  alive, draining, ineligible  relay gate  -            1  100/4000 MHz  64/4096 MiB  0.1.0\n`,
    )
    assert.equal(nodeTable([], plain), 'no nodes\n')
  })

  it('shows a job with what is missing and why', () => {
    assert.equal(
      jobDetail(job, plain),
      'Job       default/web\nType      service\nPool      default\nState     incomplete\nPriority  50\nVersion   1.3.abcdef01\nCopies    2 wanted, 1 running, 1 healthy\n' +
        '1 field in conflict: shoal job conflicts web\n\n' +
        'ALLOC     SLOT         NODE     STATE             HOLDS  GEN  VERSION       RESTARTS  STARTED               REASON\n' +
        'a0000000  web/front/0  board-0  running, healthy  yes      1  1.2.00000000         0  2026-01-02T03:04:05Z\n\n' +
        'NOT PLACED   WHY\n' +
        'web/front/1  partition-half (this side sees less than half of the eligible nodes, so it replaces nothing)\n',
    )
    assert.equal(jobTable([], plain), 'no jobs\n')
  })

  it('prints the plan, the best node first', () => {
    const slots: readonly SlotExplanation[] = [
      {
        slot: 'default/web/front/1',
        holder: null,
        complete: null,
        heir: null,
        candidate: null,
        reason: 'no-node-feasible',
        nodes: [
          { node: fakeNodes[0], name: 'board-0', score: null, rank: null, rejected: 'constraint: ${attr.cpu.arch} = arm64' },
          { node: fakeNodes[1], name: 'board-1', score: -5, rank: 1, rejected: null },
          { node: fakeNodes[2], name: 'board-2', score: 7, rank: 0, rejected: 'a-newer-code' },
        ],
        nodesLeftOut: 0,
      },
    ]
    assert.equal(
      explainText({ slots, slotsLeftOut: 0 }, plain),
      'web/front/1: holder nobody\n  no-node-feasible (no node can take it)\n' +
        '  NODE     SCORE  RANK  REJECTED\n' +
        '  board-2      7     0  a-newer-code\n' +
        '  board-1     -5     1  -\n' +
        '  board-0      -     -  constraint: ${attr.cpu.arch} = arm64 (a constraint does not match)\n',
    )
    const cut = explainText({ slots: [{ ...slots[0]!, nodesLeftOut: 800 }], slotsLeftOut: 7 }, plain)
    assert.match(cut, /\n {2}… and 800 more nodes\n\n… and 7 more copies\n$/)
    assert.equal(shortReasons(slots).length, 1)
  })

  it('gives the glance: pools only when there are several', () => {
    const pool = { pool: 'default', nodesAlive: 3, nodesTotal: 3, jobs: 1, own: true, ageMs: 0 }
    const status = {
      kind: 'status',
      coverage: coverage(),
      pools: [pool],
      nodes: [nodeRow(0)],
      jobs: [job],
      events: [{ at: testNow, what: 'board-1 is alive' }],
    } as const
    const text = statusText(status, plain)
    assert.match(text, /^fleet home, pool default: 3 of 3 nodes alive\n/)
    assert.match(text, /\n2026-01-02T03:04:05Z {2}board-1 is alive\n$/)
    assert.doesNotMatch(text, /SEEN/)
    assert.match(
      statusText({ ...status, pools: [pool, { ...pool, pool: 'shop', own: false, ageMs: 61_000 }] }, plain),
      /shop +3\/3 +1 {2}1m1s ago\n/,
    )
  })

  it('counts the names of a long receipt', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const receipt = {
      kind: 'receipt',
      coverage: coverage({ nodesTotal: 9 }),
      accepted: ['job/default/web'],
      confirmedBy: names,
      final: true,
      confirmed: true,
    } as const
    assert.equal(receiptLine(receipt, 3), 'receipt for job/default/web: 7 nodes of 9 have it: a, b, c, d, e and 2 more\n')
  })
})

describe('the live block', () => {
  it('redraws in one write, only when something changed, and never wraps', () => {
    const out = testOut(true, 10)
    const writes: string[] = []
    const block = new LiveBlock({ ...out, write: (text) => void writes.push(String(text)) })
    block.draw('one\ntwo\n')
    block.draw('one\ntwo\n')
    block.draw('\u001b[31m0123456789abc\u001b[39m\n')
    assert.deepEqual(writes, ['one\u001b[K\ntwo\u001b[K\n\u001b[J', '\u001b[2A\u001b[31m0123456789\u001b[39m\u001b[0m\u001b[K\n\u001b[J'])
  })
})

describe('colours', () => {
  it('are there or not, as the painter was made', () => {
    assert.equal(painter(true).bad('x'), '\u001b[31mx\u001b[39m')
    assert.equal(painter(false).bad('x'), 'x')
  })
})
