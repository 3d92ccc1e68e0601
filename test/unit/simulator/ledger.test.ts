// The ledger of seeds as text: what is written is read again, what is spoilt is named, and the next hundred is the first that is free.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type LedgerLine, differences, freeHundreds, ledgerHead, lineFrom, lineText, readLedger } from '../../../simulator/ledger.ts'

const line = (from: number, more: Partial<LedgerLine> = {}): LedgerLine => ({
  from,
  to: from + 99,
  commit: '0123456789ab',
  plans: '00000001',
  traces: 'fffffffe',
  steps: 12,
  sights: 3,
  failing: [],
  ...more,
})

const result = (seed: number, traceHash: string, isWrong = false) => ({
  seed,
  violations: isWrong ? [{ rule: 'no-throw' as const, at: 1, what: 'x' }] : [],
  sights: [['adopted', seed] as const],
  steps: 10,
  virtualMs: 1_000,
  traceHash,
  planHash: '0000000a',
})

test('lines are read as they were written', () => {
  const lines = [line(1), line(201, { failing: [203, 250] })]
  assert.deepEqual(readLedger(`${ledgerHead}\n${lines.map(lineText).join('\n')}\n`), lines)
})

test('a line that is none is named', () => {
  assert.throws(() => readLedger(`${lineText(line(1))}\n101..200\t0123\n`), /line 2 of the ledger is none: 101\.\.200/)
})

test('a line tells of its hundred: the order of traces counts, each sight once, and who broke a rule', () => {
  const made = lineFrom('0123456789ab', [result(1, '00000001'), result(2, '00000002', true)])
  assert.deepEqual([made.from, made.to, made.steps, made.sights, made.failing], [1, 2, 20, 1, [2]])
  const other = lineFrom('0123456789ab', [result(1, '00000002'), result(2, '00000001', true)])
  assert.notEqual(made.traces, other.traces)
  assert.equal(made.plans, other.plans)
})

test('the next hundreds are the first that nobody has played or is playing', () => {
  const [first, second] = freeHundreds([line(1), line(301)], (from) => from === 101)
  assert.deepEqual([first, second], [201, 401])
})

test('what differs when a line is played again is said', () => {
  assert.deepEqual(differences(line(1), line(1, { commit: 'abcdef0' })), [])
  const found = differences(line(1), line(1, { plans: '00000002', traces: '00000003', failing: [7] }))
  assert.equal(found.length, 3)
  assert.match(found.join(), /draw other plans.*traces differ.*failing were none, now 7/)
})
