import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gateCodes } from '../../../../../crdt/gate/codes.ts'
import { conductLimits } from '../../../../../node/core/conduct/limits.ts'
import { type Offence, offences } from '../../../../../node/core/conduct/offences.ts'
import { banMs } from '../../../../../node/core/conduct/points.ts'

const weighing = (test: (points: number) => boolean): readonly string[] =>
  Object.keys(offences).filter((code) => test(offences[code as Offence].points))

test('every code of the gate has its weight', () => {
  assert.deepEqual(
    gateCodes.filter((code) => offences[code] === undefined),
    [],
  )
})

test('nothing that a late, stale, older or newer honest agent sends weighs anything', () => {
  const honest = ['E_MISSING', 'E_EPOCH_OLD', 'E_RIGHT', 'E_POOL', 'E_FLEET']
  const ofAnotherVersion = ['E_SIZE', 'E_FRAME', 'E_DOC_ID', 'E_KEY', 'E_VALUE', 'E_OPS', 'E_DEPS', 'E_SHADOW']
  assert.deepEqual(weighing((points) => points === 0).toSorted(), [...honest, ...ofAnotherVersion].toSorted())
})

test('no single offence is a ban, three proofs are', () => {
  const most = Math.max(...Object.values(offences).map(({ points }) => points))
  assert.ok(2 * most < conductLimits.bannedAtPoints)
  assert.ok(3 * most >= conductLimits.bannedAtPoints)
})

test('two changes under one number are held against their author alone: whoever has one of them passes it on in good faith', () => {
  assert.equal(offences.E_EQUIVOCATION.blames, 'author')
})

test('what no signature covers is never held against the author that it names', () => {
  for (const code of ['E_SIGNATURE', 'E_USURPED', 'E_LINK_STATE', 'E_MALFORMED', 'E_OVERSIZE'] as const)
    assert.equal(offences[code].blames, 'deliverer', code)
})

test('each ban is twice as long as the one before, up to an hour', () => {
  assert.deepEqual([1, 2, 3, 7, 8, 1_000].map(banMs), [30_000, 60_000, 120_000, 1_920_000, 3_600_000, 3_600_000])
})
