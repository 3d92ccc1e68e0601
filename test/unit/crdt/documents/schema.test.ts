import assert from 'node:assert/strict'
import { test } from 'node:test'

import { modelLimits } from '../../../../crdt/documents/model-limits.ts'
import { checkRegister } from '../../../../crdt/documents/schema.ts'
import { limits } from '../../../../crdt/limits.ts'
import type { DocKind } from '../../../../crdt/ids.ts'
import type { Scalar } from '../../../../crdt/registers.ts'
import { testSigner } from '../../../support/crypto.ts'

const peer = testSigner(1).id

const accepted: readonly (readonly [DocKind, string, Scalar])[] = [
  ['job', 'spec/job', 'shop'],
  ['job', 'spec/groups/web/count', 3],
  ['job', 'spec/groups/web/disconnect/replace_after_ms', 1000],
  ['job', 'spec/groups/web/tasks/app/env/a%2Fb', 'x'],
  ['job', 'spec/groups/web/constraints/0123456789abcdef', '["a","=","b"]'],
  ['job', 'state/desired', 'stopped'],
  ['job', 'wish/web/49999/restart', 1],
  ['node', `claim/default/shop/web/0/over/${peer}`, 2],
  ['node', 'claim/default/shop/web/0/task/app/state', 'running'],
  ['node', 'verdict/default/shop/web/0/0123456789abcdef/verdict', 'failed'],
  ['node', 'receipt/job/default/shop', 'abc'],
  ['node', 'driver/raw_exec/healthy', true],
  ['ops', 'weight', -100],
  ['fleet', `operator/${peer}/role`, 'viewer'],
]

const refused: readonly (readonly [DocKind, string, Scalar, RegExp])[] = [
  ['job', 'spec/groups/web/count', '3', /expected an integer, found text/],
  ['job', 'spec/groups/web/count', 1.5, /not an integer/],
  ['job', 'spec/groups/web/count', 2 ** 53, /beyond 2\^53/],
  ['job', 'spec/groups/web/count', Number.NaN, /expected an integer/],
  ['job', 'spec/job', 'a\nb', /control characters/],
  ['job', 'state/desired', 'paused', /run, stopped, removed/],
  ['job', 'wish/web/01/restart', 1, /no register/],
  ['job', 'wish/web/50000/restart', 1, /no register/],
  ['job', 'wish/Web/1/restart', 1, /no register/],
  ['job', 'state', 'run', /no register/],
  ['node', 'claim/default/shop/web/0/generation', 0, /expected 1 to/],
  ['node', 'claim/default/shop/web/0/version', '1.2', /a version/],
  ['node', 'claim/default/shop/web/0', 'x', /no register/],
  ['node', 'claim/default/shop/web/0/over/someone', 1, /no register/],
  ['node', 'label/a%2fb', 'not the one spelling of a slash', /no register/],
  ['node', 'name', 'x'.repeat(257), /longer than 256 bytes/],
  ['node', 'spec/groups/web/count', 3, /no register/],
  ['node', '__proto__', 'x', /no register/],
  ['node', 'hasOwnProperty', 'x', /no register/],
  ['fleet', 'toJSON', 'x', /no register/],
  ['fleet', 'operator/constructor/role', 'admin', /no register/],
  ['ops', 'weight', 101, /expected -100 to 100/],
  ['ops', '', true, /not a well-formed path/],
  ['ops', 'label//a', 'x', /not a well-formed path/],
]

test('known registers with fitting values pass, and any of them may be deleted', () => {
  for (const [kind, path, value] of accepted) {
    assert.equal(checkRegister(kind, path, value), null, path)
    assert.equal(checkRegister(kind, path, null), null, path)
  }
})

test('everything else is refused in words', () => {
  for (const [kind, path, value, words] of refused) assert.match(checkRegister(kind, path, value) ?? 'accepted', words, `${kind} ${path}`)
})

test('what only a newer agent knows passes below spec/ and x/, within bounds', () => {
  assert.equal(checkRegister('job', 'spec/groups/web/canary', 2), null)
  assert.equal(checkRegister('node', 'x/gpu/0/model', 'nano'), null)
  assert.match(checkRegister('job', 'spec/new', 'x'.repeat(8193)) ?? '', /longer/)
  assert.match(checkRegister('job', 'spec/new', 0.5) ?? '', /integer/)
  assert.match(checkRegister('job', `spec/${'a/'.repeat(16)}b`, 1) ?? '', /well-formed/)
  assert.match(checkRegister('job', `spec/${'a'.repeat(600)}`, 1) ?? '', /well-formed/)
  assert.match(checkRegister('job', 'spec/broken\ud800', 1) ?? '', /well-formed/)
  assert.match(checkRegister('node', 'later/gpu', 1) ?? '', /no register/)
})

test('the bounds agree with those of changes', () => {
  assert.ok(modelLimits.pathBytesMax <= limits.pathBytesMax)
  assert.ok(modelLimits.listBytesMax <= limits.stringBytesMax)
  assert.ok(modelLimits.valueBytesMax <= limits.stringBytesMax)
  assert.ok(modelLimits.specRegistersMax < limits.docRegistersMax)
  assert.ok(modelLimits.specRegistersMax < limits.envelopeOpsMax)
})
