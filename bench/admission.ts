// admission: what it costs to admit the next envelope of a board's document, by the number of changes that it has had; opened for each
// one, and kept open as a node keeps those that changed last. CPU time, so that what runs beside it matters less.

import type { BenchOptions } from './main.ts'
import type { Doc } from '../crdt/doc.ts'
import { admit } from '../crdt/gate.ts'
import { jobDocId, nodeDocId } from '../crdt/ids.ts'
import { type KeptHandles, createKeptHandles, keepNone } from '../crdt/kept-handles.ts'
import { envelopeKey } from '../node/core/documents.ts'
import { coreLimits } from '../node/core/limits.ts'
import { allAlive, createWorld, crypto, edit, fleet, jobSpec, runJob } from '../test/support/world.ts'
import { median, rounded } from './lib/stats.ts'

const ages = [10, 40, 80]
/** Envelopes measured at each age. */
const span = 5

export async function run({ runs, quick }: BenchOptions): Promise<object> {
  const envelopes = historyOfABoard()
  const authority = { fleet, rights: undefined }
  const rounds = runs ?? (quick ? 10 : 100)

  /** Microseconds of CPU for each of the envelopes after this many. */
  function measure(age: number, kept: KeptHandles): number {
    let doc: Doc | undefined
    let before = process.cpuUsage()
    for (const [index, bytes] of envelopes.slice(0, age + span).entries()) {
      if (index === age) before = process.cpuUsage()
      const admitted = admit(crypto, doc, bytes, authority, kept)
      if (!admitted.ok) throw new Error(`${admitted.code}: ${admitted.message}`)
      doc = admitted.value.doc
    }
    const { user, system } = process.cpuUsage(before)
    kept.clear()
    return (user + system) / span
  }

  const times: Record<string, number[]> = {}
  for (let round = 0; round < rounds; round++) {
    for (const age of ages) {
      const bounds = { countMax: coreLimits.keptHandlesMax, bytesMax: coreLimits.keptHandleBytesMax }
      ;(times[`opened_after_${age}_us`] ??= []).push(measure(age, keepNone))
      ;(times[`kept_after_${age}_us`] ??= []).push(measure(age, createKeptHandles(bounds)))
    }
  }
  const sorted = Object.entries(times).map(([name, found]) => [name, rounded(median(found))] as const)
  const bytes = envelopes.reduce((sum, envelope) => sum + envelope.length, 0) / envelopes.length
  return { rounds, envelope_bytes: rounded(bytes), ...Object.fromEntries(sorted) }
}

/** The envelopes of a simulated board's own document that takes and leaves jobs, up to the age at which it would be rewritten. */
function historyOfABoard(): Uint8Array[] {
  const world = createWorld(2)
  world.bootAll()
  const boards = [...world.boards.values()]
  const [board] = boards
  if (board === undefined) throw new Error('no board')
  world.until('both boards alive', () => allAlive(boards), 60_000)
  const id = nodeDocId(board.spec.id)
  const own = (): Doc | undefined => board.core?.state?.docs.get(id)
  for (let job = 0; (own()?.envelopes.length ?? 0) < Math.max(...ages) + span; job++) {
    const name = runJob(world, board, jobSpec({ name: `job-${job}`, count: 4 }))
    world.run(5_000)
    if (job % 2 === 0) edit(world, board, jobDocId(name), 'default', () => new Map([['state/desired', 'removed']]))
    world.run(5_000)
  }
  return own()?.envelopes.flatMap((ref) => board.disk.get(envelopeKey(ref.hash)) ?? []) ?? []
}
