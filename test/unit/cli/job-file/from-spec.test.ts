import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { stringify } from 'yaml'

import { fieldChanges } from '../../../../cli/job-file/flatten.ts'
import { fromSpec } from '../../../../cli/job-file/from-spec.ts'
import { readJobFile } from '../../../../cli/job-file/read-job-file.ts'
import type { JobSpec } from '../../../../crdt/spec.ts'
import { validSpec } from '../../../support/cli-valid-spec.ts'

const file = readFileSync(new URL('../../../../examples/every-block.yaml', import.meta.url), 'utf8')

function read(text: string): JobSpec {
  const result = readJobFile('f.yaml', text)
  assert.ok(result.ok, result.ok ? '' : JSON.stringify(result.faults))
  return result.spec
}

describe('a specification as a job file', () => {
  it('reads back as itself, complete or not, as YAML or JSON', () => {
    fc.assert(
      fc.property(validSpec, fc.boolean(), fc.boolean(), (spec, complete, json) => {
        const data = fromSpec(spec, { complete })
        assert.deepEqual(read(json ? JSON.stringify(data) : stringify(data)), spec)
      }),
      { numRuns: 200 },
    )
  })

  it('leaves defaults out', () => {
    const spec = read('job: a\ngroups: { g: { tasks: { t: { driver: raw_exec, config: { command: x } } } } }')
    assert.deepEqual(fromSpec(spec), {
      job: 'a',
      pool: 'default',
      groups: { g: { tasks: { t: { driver: 'raw_exec', config: { command: 'x' } } } } },
    })
  })

  it('keeps a lost_after that says the default: saying it means something', () => {
    const spec = read(file)
    assert.ok(spec.groups[0]?.disconnect.lostAfterExplicit)
    assert.match(stringify(fromSpec(spec)), /lost_after: 7d/)
  })
})

describe('field changes', () => {
  it('names each field that differs, in the words of the file', () => {
    const before = read(file)
    const after = read(
      file
        .replace('count: 3', 'count: 4')
        .replace('RATE: 10, ', '')
        .replace('replace_after: 60s', 'replace_after: 90s')
        .replace('kill_signal: SIGTERM', 'kill_signal: SIGINT'),
    )
    assert.deepEqual(fieldChanges(before, after), [
      { path: 'groups.collect.count', before: '3', after: '4' },
      { path: 'groups.collect.disconnect.replace_after', before: '1m', after: '1m30s' },
      { path: 'groups.collect.tasks.reader.env.RATE', before: '10', after: null },
      { path: 'groups.collect.tasks.reader.kill_signal', before: 'SIGTERM', after: 'SIGINT' },
    ])
    assert.deepEqual(fieldChanges(before, before), [])
  })
})
