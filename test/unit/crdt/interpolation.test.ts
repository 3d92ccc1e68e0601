import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Lookup, createFiller, piecesOf, referencesIn } from '../../../crdt/interpolation.ts'

const values: Readonly<Record<string, string>> = {
  'runtime SHOAL_JOB': 'web',
  'runtime SHOAL_PORT_my_web': '8080',
  'env RATE': '10',
  'node unique.name': 'b0',
  'node pool': 'north',
  'attr cpu.arch': 'arm64',
  'label topology/zone': '${attr.cpu.arch}',
  'label dollar': '$',
  'var LEVEL': '${SHOAL_JOB}',
}
const lookup: Lookup = (reference) => {
  const name = 'name' in reference ? reference.name : 'key' in reference ? reference.key : reference.field
  const value = values[`${reference.kind} ${name}`]
  return value ?? (['attr', 'label', 'var'].includes(reference.kind) ? null : undefined)
}
const filled = (text: string, charsMax = 1_000) => {
  const filler = createFiller(lookup, charsMax)
  return { text: filler.fill(text), missing: [...filler.missing], isTooLong: filler.isTooLong }
}

test('what each text becomes', () => {
  const cases: readonly (readonly [text: string, becomes: string, ...missing: string[]])[] = [
    ['', ''],
    ['plain $HOME $(date) } {', 'plain $HOME $(date) } {'],
    ['${SHOAL_JOB}-${SHOAL_PORT_my_web}', 'web-8080'],
    ['${env["RATE"]} ${env["SHOAL_JOB"]}', '10 ${env["SHOAL_JOB"]}'],
    ['${node.unique.name}@${node.pool}', 'b0@north'],
    ['${attr.cpu.arch}${attr.cpu.arch}', 'arm64arm64'],
    // What a value says is not read again, nor put together with what stands beside it.
    ['${label.topology/zone} ${meta.topology/zone}', '${attr.cpu.arch} ${attr.cpu.arch}'],
    ['${label.dollar}{SHOAL_JOB}', '${SHOAL_JOB}'],
    // Others' names stay.
    ['${HOME} ${1:-x} ${#a} ${a/b/c} ${RATE} ${}', '${HOME} ${1:-x} ${#a} ${a/b/c} ${RATE} ${}'],
    ['${SHOAL_NONE} ${node.class} ${env["NONE"]}', '${SHOAL_NONE} ${node.class} ${env["NONE"]}'],
    [
      '${attr.gpu} ${label.zone} ${meta.zone} ${attr.gpu}',
      '${attr.gpu} ${label.zone} ${meta.zone} ${attr.gpu}',
      '${attr.gpu}',
      '${label.zone}',
      '${meta.zone}',
    ],
    ['${var.LEVEL} $${var.LEVEL} ${var.} ${var.a b}', '${SHOAL_JOB} ${var.LEVEL} ${var.} ${var.a b}'],
    ['${var.none}', '${var.none}', '${var.none}'],
    ['$${SHOAL_JOB} $${HOME} $${', '${SHOAL_JOB} ${HOME} ${'],
    ['$$${SHOAL_JOB}', '$${SHOAL_JOB}'],
    ['$$$${SHOAL_JOB}', '$$${SHOAL_JOB}'],
    ['${${SHOAL_JOB}}', '${web}'],
    ['${ SHOAL_JOB } ${SHOAL_JOB', '${ SHOAL_JOB } ${SHOAL_JOB'],
    ['${attr.}${attr.a b}', '${attr.}${attr.a b}'],
  ]
  for (const [text, becomes, ...missing] of cases) assert.deepEqual(filled(text), { text: becomes, missing, isTooLong: false }, text)
})

test('bare names of the environment are filled in where that is asked for, escapes and what is unknown as ever', () => {
  const filler = createFiller(lookup, 1_000)
  assert.equal(
    filler.fillBare('/${RATE}/${env["RATE"]}/$${RATE}/${HOME}/${SHOAL_JOB}/${node.class}/${attr.}/${1:-x}'),
    '/10/10/${RATE}/${HOME}/web/${node.class}/${attr.}/${1:-x}',
  )
  assert.equal(filler.fill('${RATE}'), '${RATE}')
})

test('no more is filled in than may be, and that is told', () => {
  assert.deepEqual(filled('${SHOAL_JOB}'.repeat(3), 6), { text: 'webweb${SHOAL_JOB}', missing: [], isTooLong: true })
  assert.equal(filled('${SHOAL_JOB}'.repeat(3), 9).isTooLong, false)
})

const part = fc.constantFrom(
  '${',
  '}',
  '$',
  '$${',
  '${SHOAL_JOB}',
  '${attr.cpu.arch}',
  '${attr.x}',
  'env["',
  '"]',
  '${env["RATE"]}',
  '${node.',
  '.',
)
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.oneof(part, fc.string())).map((parts) => parts.join('')),
)

test('a text without ${ is untouched; no text throws, grows without bound, or loses what is not filled in', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 0, max: 40 }), (text, charsMax) => {
      const { text: result } = filled(text, charsMax)
      if (!text.includes('${')) assert.equal(result, text)
      assert.ok(result.length <= text.length + charsMax)
      // Where nothing has a value only escapes change.
      const kept = createFiller(() => undefined, charsMax).fill(text)
      assert.equal(
        kept,
        piecesOf(text)
          .map((piece) => (typeof piece === 'string' ? piece : piece.text))
          .join(''),
      )
      assert.equal(kept.length, text.length - text.split('$${').length + 1)
    }),
    { numRuns: 2_000 },
  )
})

test('an escaped text comes out as it went in', () => {
  fc.assert(fc.property(anyText, (text) => assert.equal(filled(text.replaceAll('${', () => '$${')).text, text)))
})

test('long texts take time in proportion', () => {
  const long = '${attr.' + 'a'.repeat(1_000_000)
  assert.deepEqual(referencesIn(long), [])
  assert.equal(referencesIn('${attr.'.repeat(200_000)).length, 0)
})
