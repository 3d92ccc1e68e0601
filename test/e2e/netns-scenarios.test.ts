// The same scenario files on simulated boards and on real ones in network namespaces, with the same ids: who holds what at each point of the
// timeline, and the order in which copies begin and end, must agree. Times are not compared: a busy machine takes what it takes.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Io } from '../../cli/io.ts'
import { loadScenario } from '../../cli/scenario/play-scenario.ts'
import { playScenario } from '../../simulator/scenario/play.ts'
import type { Report } from '../../simulator/scenario/report.ts'
import { until } from './support/fleet.ts'
import { type Holders, RealBoards, type Turn, readPlan, withRealIds } from './support/play-scenario.ts'

const folder = fileURLToPath(new URL('scenarios', import.meta.url))
const io = {} as Io
/** Only says that the two will not agree any more. */
const agreementMs = 90_000

/** Who runs what in the simulation just before that time. */
function holdersAt({ slots }: Report, atMs: number): Holders {
  const found = slots.map(({ slot, copies }) => {
    const boards = copies.filter(({ fromMs, toMs }) => fromMs < atMs && atMs <= toMs).map(({ board }) => board)
    return [slot, boards.toSorted()] as const
  })
  return Object.fromEntries(found.filter(([, boards]) => boards.length > 0))
}

/** Slot → what began and ended in it, in order; an end that makes room for a beginning comes first. */
function turnsOf({ slots, durationMs }: Report): Map<string, Turn[]> {
  return new Map(
    slots.map(({ slot, copies }) => {
      const turns = copies.flatMap(({ board, generation, fromMs, toMs }): Turn[] => [
        { slot, what: 'starts', board, generation, atMs: fromMs },
        ...(toMs < durationMs ? [{ slot, what: 'stops', board, generation, atMs: toMs } as const] : []),
      ])
      const isStart = ({ what }: Turn): number => (what === 'stops' ? 0 : 1)
      return [slot, turns.toSorted((a, b) => a.atMs - b.atMs || isStart(a) - isStart(b))] as const
    }),
  )
}

function lines(turns: readonly Turn[]): string[] {
  return turns.map(({ what, board, generation }) => `${board} ${what} (generation ${generation})`)
}

function sorted(holders: Holders): string {
  return JSON.stringify(Object.entries(holders).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

async function agree(file: string): Promise<void> {
  const plan = readPlan(folder, file)
  const played = playScenario(withRealIds(await loadScenario(io, `${folder}/${file}`)))
  const boards = new RealBoards(folder, plan)
  try {
    await boards.start()
    let doneAtMs = plan.steps[0]!.atMs
    // As long as the scenario says at least, so that what must not happen has its time; then for as long as the two take to agree.
    const comeTo = async (atMs: number): Promise<void> => {
      await new Promise((done) => setTimeout(done, atMs - doneAtMs))
      doneAtMs = atMs
      const wanted = holdersAt(played, atMs)
      await until(`what the simulation has at ${atMs} ms`, agreementMs, async () => sorted(boards.holders()) === sorted(wanted)).catch(
        () => {
          assert.deepEqual(boards.holders(), wanted, `real and simulated boards at ${atMs / 1_000} s of ${file}`)
        },
      )
    }
    for (const step of plan.steps) {
      if (step.atMs > doneAtMs) await comeTo(step.atMs)
      await boards.play(step)
    }
    await comeTo(plan.durationMs)
    await boards.rest()
    const real = (slot: string): Turn[] => boards.turns.filter((turn) => turn.slot === slot)
    for (const [slot, turns] of turnsOf(played)) assert.deepEqual(lines(real(slot)), lines(turns), `${slot} in ${file}`)
    assert.ok(
      [...turnsOf(played).values()].some((turns) => turns.length >= 3),
      'something was replaced',
    )
  } catch (error) {
    console.error(boards.logs())
    throw error
  } finally {
    await boards.stop()
  }
}

describe('simulated and real boards agree on holders and on the order of events', { concurrency: true }, () => {
  for (const file of ['one-way-cut.yaml', 'split-and-heal.yaml', 'power-cut.yaml']) test(file, async () => await agree(file))
})
