import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { formatClock, formatDuration, formatSize, parseClock, parseDuration, parseSize } from '../../../../cli/job-file/units.ts'

const duration = 'a duration with its unit (ms, s, m, h, d), such as 30s or 1h30m'
const size = 'a size with its unit (MiB, GiB, TiB), such as 64 MiB'
const clock = 'a clock rate with its unit (MHz, GHz), such as 200 MHz'

describe('units', () => {
  it('reads what is exact', () => {
    const good: readonly [unknown, number][] = [
      [parseDuration('30s'), 30_000],
      [parseDuration('0s'), 0],
      [parseDuration('500ms'), 500],
      [parseDuration('1h30m'), 5_400_000],
      [parseDuration('1.5h'), 5_400_000],
      [parseDuration('7d'), 604_800_000],
      [parseDuration(' 1m 30s '), 90_000],
      [parseDuration('5 m'), 300_000],
      [parseSize('64 MiB'), 64],
      [parseSize('64MiB'), 64],
      [parseSize('1.5 GiB'), 1536],
      [parseSize('2 TiB'), 2_097_152],
      [parseClock('200 MHz'), 200],
      [parseClock('1.2 GHz'), 1200],
      [parseClock('0.05GHz'), 50],
    ]
    for (const [parsed, value] of good) assert.deepEqual(parsed, { ok: true, value })
  })

  it('refuses the rest, and shows how to write it', () => {
    const bad: readonly [unknown, string][] = [
      [parseDuration(30), `${duration}; write '30s' or '30ms'`],
      [parseDuration('30'), duration],
      [parseDuration('30 sec'), duration],
      [parseDuration('-5s'), duration],
      [parseDuration(''), duration],
      [parseDuration(null), duration],
      [parseDuration('30s1m'), `${duration}; larger units first, each at most once`],
      [parseDuration('1s1s'), `${duration}; larger units first, each at most once`],
      [parseDuration('0.5ms'), `${duration}, in whole ms`],
      [parseDuration('99999999999999d'), `${duration}, not larger than ${Number.MAX_SAFE_INTEGER} ms`],
      [parseSize(64), `${size}; write '64 MiB' or '64 GiB'`],
      [parseSize('64M'), `${size}; write '64 MiB'`],
      [parseSize('64 MB'), `${size}; write '64 MiB'`],
      [parseSize('1 gib'), `${size}; write '1 GiB'`],
      [parseSize('64 KiB'), size],
      [parseSize('64 apples'), size],
      [parseSize('0.5 MiB'), `${size}, in whole MiB`],
      [parseClock(200), `${clock}; write '200 MHz' or '200 GHz'`],
      [parseClock('200mhz'), `${clock}; write '200 MHz'`],
      [parseClock('two GHz'), clock],
    ]
    for (const [parsed, message] of bad) assert.deepEqual(parsed, { ok: false, code: 'E_UNIT', message })
  })

  it('writes what it reads', () => {
    for (const ms of [0, 1, 999, 1000, 61_000, 5_400_000, 604_800_000, 90_061_001])
      assert.deepEqual(parseDuration(formatDuration(ms)), { ok: true, value: ms })
    for (const mib of [0, 1, 1000, 1024, 1536, 2048, 1_048_576]) assert.deepEqual(parseSize(formatSize(mib)), { ok: true, value: mib })
    assert.deepEqual(parseClock(formatClock(1500)), { ok: true, value: 1500 })
  })
})
