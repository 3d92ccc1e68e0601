// What one stolen admin's key can make every board compute: its proposals of one change and its attempts to put it into effect are void,
// and all of them are judged at each change of the fleet document.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { AuthorId, ChangeHash } from '../../../../crdt/ids.ts'
import { historyOf } from '../../../../crdt/replica.ts'
import type { HistoryEntry } from '../../../../crdt/replica-history.ts'
import type { Scalar } from '../../../../crdt/registers.ts'
import { voidedFleetChanges } from '../../../../crdt/rights/fleet-changes.ts'
import { toldBy } from '../../../../crdt/rights/fleet-statements.ts'
import { testSigner } from '../../../support/crypto.ts'
import { edited, foundFleet, grant } from '../../../support/fleet-history.ts'
import { propose, threshold } from '../../../support/fleet-signing.ts'

/** Says how often anybody looks at what a change writes. */
class Watched extends Map<string, Scalar> {
  static looks = 0
  override get size(): number {
    Watched.looks++
    return super.size
  }
}

function beginning(): readonly HistoryEntry[] {
  const founded = foundFleet()
  let { doc } = founded
  for (const [seed, writes] of [
    [1, grant(2, 'admin')],
    [1, grant(3, 'admin')],
    [1, propose('first', threshold(2))],
    [2, threshold(2)],
  ] as const)
    doc = edited(founded, doc, seed, writes).doc
  return historyOf(doc)
}

/** The signers take turns, each on top of all before. */
function spam(signers: readonly AuthorId[], rounds: number): readonly HistoryEntry[] {
  const entries = [...beginning()]
  for (let index = 0; index < 2 * rounds; index++) {
    const last = entries.at(-1)!
    const hash = `${'f'.repeat(56)}${index.toString(16).padStart(8, '0')}` as ChangeHash
    const writes = new Watched(index % 2 === 0 ? propose(`p${index}`, grant(7, 'admin')) : grant(7, 'admin'))
    entries.push({ ...last, hash, author: signers[index % signers.length]!, deps: [last.hash], writes, past: last.past + 1 })
  }
  return entries
}

test('of one key’s proposals and attempts none has an effect, and judging them looks at each a few times', () => {
  const rounds = 60
  const entries = spam([testSigner(3).id], rounds)
  const told = toldBy(entries)
  Watched.looks = 0
  assert.equal(voidedFleetChanges(told).size, rounds)
  assert.ok(Watched.looks < 50 * entries.length, `${Watched.looks} looks at ${entries.length} changes`)
})

test('of two keys the first that signs after the other puts it into effect; a proposal is used up by that, and the next one is anew', () => {
  const rounds = 20
  const entries = spam([testSigner(3).id, testSigner(2).id], rounds)
  assert.equal(voidedFleetChanges(toldBy(entries)).size, 0)
})
