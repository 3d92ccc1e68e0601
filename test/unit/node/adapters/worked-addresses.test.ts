// The file in which a board keeps addresses that worked.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { silentLog } from '../../../../node/adapters/libp2p/log.ts'
import { type WorkedAddress, workedAddressesIn } from '../../../../node/adapters/libp2p/worked-addresses.ts'
import { until } from '../../../e2e/support/fleet.ts'
import { testSigner } from '../../../support/crypto.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-worked-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const peer = testSigner(1).id
const address = '/dns4/gate.example.org/tcp/7420'

test('what was written is read by the next process, in its order, by the owner alone', async () => {
  const file = join(folder, 'kept')
  const kept = workedAddressesIn(file, silentLog)
  assert.deepEqual(kept.read(), [])
  kept.write([{ address: '/ip4/192.0.2.1/tcp/1', peer }])
  kept.write([
    { address, peer },
    { address: `${address}/p2p/${peer}`, peer },
    { address: '/ip4/192.0.2.1/tcp/1', peer },
  ])
  const read = await until('both are there', 10_000, async () => {
    const found: readonly WorkedAddress[] = workedAddressesIn(file, silentLog).read()
    return found.length === 2 && found
  })
  assert.deepEqual(
    read.map((one) => [one.address, one.peer]),
    [
      [`${address}/p2p/${peer}`, peer],
      [`/ip4/192.0.2.1/tcp/1/p2p/${peer}`, peer],
    ],
  )
  assert.equal(statSync(file).mode & 0o777, 0o600)
})

test('a torn or strange file is read as far as it makes sense; a folder that takes no writes stops nothing', async () => {
  const file = join(folder, 'torn')
  writeFileSync(file, `${address}/p2p/${peer}\n/ip4/300.0.0.1/tcp/1/p2p/${peer}\n/ip4/192.0.2.1/tcp/1\n\0\0\n/ip4/192.0.2`)
  assert.deepEqual(
    workedAddressesIn(file, silentLog)
      .read()
      .map((one) => one.peer),
    [peer],
  )
  const warned: string[] = []
  workedAddressesIn(join(folder, 'none', 'kept'), { ...silentLog, warn: (_, words) => void warned.push(words) }).write([{ address, peer }])
  await until('it is said', 10_000, async () => warned.length === 1)
  assert.match(readFileSync(file, 'utf8'), /gate/)
})
