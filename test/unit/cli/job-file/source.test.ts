import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { faultLine } from '../../../../cli/job-file/fault.ts'
import { jobFileLimits } from '../../../../cli/job-file/limits.ts'
import { readSource } from '../../../../cli/job-file/source.ts'

function lines(text: string): readonly string[] {
  return readSource('f.yaml', text).faults.map(faultLine)
}

describe('reading YAML with places', () => {
  it('knows where each key and value stands, and how it was written', () => {
    const source = readSource('f.yaml', 'a:\n  - b: 1.10\n    "c d": yes\n')
    assert.deepEqual(source.value, { a: [{ b: 1.1, 'c d': 'yes' }] })
    assert.deepEqual(source.values.get('a/0/b'), { line: 2, column: 8, text: '1.10' })
    assert.deepEqual(source.keys.get('a/0/c d'), { line: 3, column: 5 })
    assert.deepEqual(source.faults, [])
  })

  it('reads JSON, indented with tabs too', () => {
    const value = { job: 'x', list: [1, true, null, 'a\nb"c'], map: {} }
    assert.deepEqual(readSource('f.json', JSON.stringify(value, null, '\t')).value, value)
  })

  it('expands anchors, aliases and merges', () => {
    const text = 'base: &base { x: 1, y: 2 }\nuse: { <<: *base, y: 3 }\nboth: { <<: [*base, { z: 4 }] }\ncopy: *base\n'
    const { value, faults, keys } = readSource('f.yaml', text)
    assert.deepEqual(value, { base: { x: 1, y: 2 }, use: { y: 3, x: 1 }, both: { x: 1, y: 2, z: 4 }, copy: { x: 1, y: 2 } })
    assert.deepEqual(faults, [])
    assert.deepEqual(keys.get('use/x'), { line: 1, column: 15 })
  })

  it('refuses what is not one sound document, with the place', () => {
    const cases: readonly [string, readonly string[]][] = [
      ['', ['f.yaml:1:1: found an empty file; allowed: one job']],
      ['# nothing\n', ['f.yaml:1:1: found an empty file; allowed: one job']],
      ['a: 1\n---\nb: 2\n', ['f.yaml:2:1: found a second document; allowed: one job a file']],
      // Parsed to its end, this would take minutes.
      ['---\n'.repeat(60_000), ['f.yaml:2:1: found a second document; allowed: one job a file']],
      ['a: 1\na: 2\n', ["f.yaml:2:1: a: found the key 'a' a second time; allowed: each key once"]],
      ['x: { a: 1, a: 2 }\n', ["f.yaml:1:12: x.a: found the key 'a' a second time; allowed: each key once"]],
      ['__proto__: 1\n', ["f.yaml:1:1: found the key '__proto__'; allowed: another name"]],
      ['a: *nobody\n', ['f.yaml:1:4: a: found the alias *nobody; allowed: an anchor &nobody further up']],
      ['a: { <<: 3 }\n', ['f.yaml:1:10: a: found a merge (<<) of something that is not a map; allowed: an alias of a map']],
      ['[1, 2]: x\n', ['f.yaml:1:1: found a key that is not a word; allowed: words as keys']],
    ]
    for (const [text, expected] of cases) assert.deepEqual(lines(text), expected, text)
  })

  it('reports every syntax fault', () => {
    const found = lines('a: "open\nb: [1, 2\n')
    assert.ok(found.length >= 1)
    for (const line of found) assert.match(line, /^f\.yaml:\d+:\d+: found a syntax fault \(.+\); allowed: valid YAML or JSON$/)
  })

  it('bounds aliases, nesting and size', () => {
    const bomb = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 12; i++)
      bomb.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(', ')}]`,
      )
    assert.deepEqual(
      lines(bomb.join('\n')).map((line) => line.replace(/^f\.yaml:\d+:\d+: /, '')),
      [`found aliases or lists without end; allowed: at most ${jobFileLimits.nodesMax} values, aliases expanded`],
    )
    assert.match(lines('a: &a { b: *a }\n')[0] ?? '', /nesting too deep; allowed: at most 24 levels$/)
    assert.match(lines('a: &a { <<: *a }\n')[0] ?? '', /nesting too deep; allowed: at most 24 levels$/)
    assert.match(lines('a: &a [ *a ]\nb: { <<: *a }\n')[0] ?? '', /nesting too deep; allowed: at most 24 levels$/)
    assert.match(lines('['.repeat(jobFileLimits.fileBytesMax))[0] ?? '', /found nesting without end; allowed: at most 24 levels$/)
    assert.match(
      lines(`${'['.repeat(20_000)}${']'.repeat(20_000)}`)[0] ?? '',
      /^f.yaml:1:\d+: found nesting without end; allowed: at most 24 levels$/,
    )
    assert.deepEqual(lines('x'.repeat(jobFileLimits.fileBytesMax + 1)), [
      'f.yaml:1:1: found a file of 262145 bytes; allowed: at most 262144 bytes',
    ])
  })
})
