// Cron patterns over civil time, and what clocks show in time zones.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import { civilText } from '../../../crdt/civil-time.ts'
import { type Schedule, readCron } from '../../../crdt/cron.ts'
import { civilTime } from '../../../crdt/time-zone.ts'

const at = (text: string): number => Date.parse(`${text}Z`) / 1000
const schedule = (pattern: string): Schedule => {
  const read = readCron(pattern)
  assert.ok(read.ok, pattern)
  return read.schedule
}

test('the newest due time and the next one', () => {
  const table: readonly (readonly [pattern: string, now: string, newest: string, next: string])[] = [
    ['0 3 * * *', '2026-11-23T02:59:59', '2026-11-22T03:00:00', '2026-11-23T03:00:00'],
    ['0 3 * * *', '2026-11-23T03:00:00', '2026-11-23T03:00:00', '2026-11-24T03:00:00'],
    ['*/15 * * * *', '2026-12-31T23:59:59', '2026-12-31T23:45:00', '2027-01-01T00:00:00'],
    ['*/10 * * * * *', '2026-11-23T03:00:09', '2026-11-23T03:00:00', '2026-11-23T03:00:10'],
    ['0 0 29 2 *', '2026-11-23T00:00:00', '2024-02-29T00:00:00', '2028-02-29T00:00:00'],
    ['30 8 * * MON-FRI', '2026-11-22T12:00:00', '2026-11-20T08:30:00', '2026-11-23T08:30:00'],
    ['0 0 L * *', '2027-02-10T00:00:00', '2027-01-31T00:00:00', '2027-02-28T00:00:00'],
    ['0 12 * * MON#2', '2026-11-23T00:00:00', '2026-11-09T12:00:00', '2026-12-14T12:00:00'],
    ['@daily', '2026-11-23T00:00:01', '2026-11-23T00:00:00', '2026-11-24T00:00:00'],
  ]
  for (const [pattern, now, newest, next] of table) {
    const { newest: newestAt, next: nextAt } = schedule(pattern)
    assert.deepEqual([pattern, newestAt(at(now)), nextAt(at(now))].map(String), [pattern, at(newest), at(next)].map(String), now)
  }
})

test('what is no pattern is told with what one is; so is a date that never comes', () => {
  for (const pattern of [
    '',
    'daily',
    '61 * * * *',
    '* * * *',
    '0 0 12 25 12 * 1999',
    'H * * * *',
    '0 3 * * 9',
    '2026-12-01T00:00:00',
    'x'.repeat(300),
  ]) {
    const read = readCron(pattern)
    assert.ok(!read.ok && /fields|characters/.test(read.allowed), `${pattern}: ${JSON.stringify(read)}`)
  }
  const read = readCron('0 0 30 2 *')
  assert.ok(!read.ok && /never comes/.test(read.allowed))
})

test('at the end of all calendars nothing is due, and nothing throws', () => {
  const { newest, next } = schedule('0 3 * * *')
  for (const time of [253_402_300_799, 9_007_199_254_740_991]) assert.deepEqual([newest(time), next(time)], [null, null])
  assert.equal(next(at('2285-12-31T12:00:00')), at('2286-01-01T03:00:00'))
})

test('the zone of the machine plays no part', () => {
  const script = `import('./crdt/cron.ts').then(({ readCron }) => console.log(readCron('30 2 * * *').schedule.newest(${at('2026-03-29T02:30:00')})))`
  for (const TZ of ['UTC', 'America/New_York', 'Asia/Kolkata', 'Europe/Berlin']) {
    const said = execFileSync(process.execPath, ['--import', 'tsx', '-e', script], { env: { ...process.env, TZ }, encoding: 'utf8' })
    assert.equal(Number(said), at('2026-03-29T02:30:00'), TZ)
  }
})

test('civil time as text is what a calendar says, leap years and all', () => {
  for (const text of ['1970-01-01T00:00:00', '2000-02-29T23:59:59', '2026-11-23T03:04:05', '2100-03-01T00:00:00', '9999-12-31T23:59:59'])
    assert.equal(civilText(at(text)), text)
})

test('clocks in zones, with the hour that is left out and the one that comes twice', () => {
  const table: readonly (readonly [zone: string, utc: string, civil: string])[] = [
    ['UTC', '2026-11-23T03:00:00', '2026-11-23T03:00:00'],
    ['Europe/Berlin', '2026-07-01T12:00:00', '2026-07-01T14:00:00'],
    ['Europe/Berlin', '2026-03-29T00:59:59', '2026-03-29T01:59:59'],
    ['Europe/Berlin', '2026-03-29T01:00:00', '2026-03-29T03:00:00'],
    ['Europe/Berlin', '2026-10-25T00:30:00', '2026-10-25T02:30:00'],
    ['Europe/Berlin', '2026-10-25T01:30:00', '2026-10-25T02:30:00'],
    ['America/New_York', '2027-01-01T04:59:59', '2026-12-31T23:59:59'],
    ['Asia/Kathmandu', '2026-11-23T00:00:00', '2026-11-23T05:45:00'],
  ]
  for (const [zone, utc, civil] of table) assert.equal(civilText(civilTime(zone, at(utc) * 1000 + 999)!), civil, `${zone} ${utc}`)
  for (const zone of ['Mars/Olympus', '', 'Europe/Berlin\n', '../etc']) assert.equal(civilTime(zone, 0), null, zone)
})
