// The `periodic` block of a job file: what it becomes, and the exact words about what it may not say.

import assert from 'node:assert/strict'
import { it } from 'node:test'

import { faultLine } from '../../../../cli/job-file/fault.ts'
import { fromSpec } from '../../../../cli/job-file/from-spec.ts'
import { readJobFile } from '../../../../cli/job-file/read-job-file.ts'
import { periodicDefaults } from '../../../../crdt/documents/defaults.ts'
import { checkRegister } from '../../../../crdt/documents/schema.ts'
import { readSpec } from '../../../../crdt/documents/spec-reader.ts'
import { specToRegisters } from '../../../../crdt/documents/spec-writer.ts'
import { runForm, runGroup } from '../../../../crdt/run-name.ts'
import type { JobSpec } from '../../../../crdt/spec.ts'

const groups = (name = 'main'): string => `groups: { ${name}: { tasks: { app: { driver: raw_exec, config: { command: /bin/true } } } } }`
/** The block begins in line 3. */
const file = (periodic: string, type = 'batch', group?: string): string =>
  `job: a\ntype: ${type}\nperiodic:\n${periodic}\n${groups(group)}\n`

function faults(text: string): readonly string[] {
  const read = readJobFile('f.yaml', text)
  return read.ok ? [] : read.faults.map((fault) => faultLine(fault).replace('f.yaml:', ''))
}

function spec(text: string): JobSpec {
  const read = readJobFile('f.yaml', text)
  assert.ok(read.ok, JSON.stringify(read))
  return read.spec
}

it('says each fault at its place, and what is allowed there', () => {
  const fields = 'five fields (minute hour day month weekday), or six with the second first, such as 0 3 * * *'
  const table: readonly (readonly [string, readonly string[]])[] = [
    [file('  cron: 61 * * * *'), [`4:9: periodic.cron: found "61 * * * *"; allowed: ${fields} (Invalid value for minute: 61)`]],
    [file('  cron: 0 0 30 2 *'), ['4:9: periodic.cron: found "0 0 30 2 *"; allowed: a date that there is: this one never comes']],
    [
      file('  cron: 0 3 * * *\n  crons: [0 4 * * *, 0 25 * * *]'),
      [`5:22: periodic.crons[1]: found "0 25 * * *"; allowed: ${fields} (Invalid value for hour: 25)`],
    ],
    [file('  enabled: true'), ['3:1: periodic.crons: found none; allowed: 1 to 16']],
    [
      file('  cron: 0 3 * * *\n  time_zone: Europe/Atlantis'),
      [
        '5:14: periodic.time_zone: found "Europe/Atlantis"; allowed: the name of a time zone that this machine knows, such as UTC or Europe/Berlin',
      ],
    ],
    [file('  cron: 0 3 * * *\n  missed: all'), ['5:11: periodic.missed: found "all"; allowed: skip, last']],
    [file('  cron: 0 3 * * *\n  horizon: 40d'), ['5:12: periodic.horizon: found 40d; allowed: 1m to 31d']],
    [
      file('  cron: 0 3 * * *', 'service'),
      [
        '4:3: periodic: found periodic in a service job; allowed: periodic with type: batch or sysbatch, whose copies end; others run all the time',
      ],
    ],
    [
      file('  cron: 0 3 * * *', 'batch', 'a-1234567890'),
      ['4:3: periodic: found the group "a-1234567890"; allowed: other names: those that end with ten digits are names of runs'],
    ],
  ]
  for (const [text, expected] of table) assert.deepEqual(faults(text), expected, text)
})

it('is read with its defaults, passes through the document, and is written as it was', () => {
  const least = spec(file('  cron: 0 3 * * *')).periodic
  assert.deepEqual(least, { crons: ['0 3 * * *'], ...periodicDefaults })
  const text = [
    '  crons: [0 3 * * *, "*/10 0 * * * *"]',
    '  time_zone: Europe/Berlin',
    '  prohibit_overlap: true',
    '  enabled: false',
    '  missed: skip',
    '  horizon: 2h',
    '  without_time: run',
  ].join('\n')
  const all = spec(file(text, 'sysbatch'))
  assert.deepEqual(readSpec(specToRegisters(all)), { spec: all, faults: [] })
  assert.deepEqual(fromSpec(all)['periodic'], {
    crons: ['0 3 * * *', '*/10 0 * * * *'],
    time_zone: 'Europe/Berlin',
    prohibit_overlap: true,
    enabled: false,
    missed: 'skip',
    horizon: '2h',
    without_time: 'run',
  })
  assert.deepEqual(fromSpec(spec(file('  cron: 0 3 * * *')))['periodic'], { cron: '0 3 * * *' })
})

it('a zone that only other machines know is no fault of a document, nor is anything in it that agents from before would refuse', () => {
  const other = spec(file('  cron: 0 3 * * *'))
  const registers = specToRegisters({ ...other, periodic: { ...other.periodic!, timeZone: 'Europe/Atlantis', since: 1_800_000_000 } })
  assert.deepEqual(readSpec(registers).faults, [])
  for (const [path, value] of registers) assert.equal(checkRegister('job', path, value), null, path)
  // The claim of a run is one like any other.
  const claim = `claim/default/a/${runGroup('main', 1_800_000_000)}/0`
  assert.equal(checkRegister('node', `${claim}/form`, runForm(1_800_000_000)), null)
})
