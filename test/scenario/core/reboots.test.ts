// Boards that restart again and again, at every moment and on every side of cuts, are one machine each: none is ever taken for two. Also not
// with disks that are older than what the others have, which do look like a second writer.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Prng, createPrng } from '../../../simulator/prng.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { createWorld, jobSpec, runJob } from '../../support/world.ts'

interface Story {
  readonly world: World
  readonly boards: readonly Board[]
  readonly prng: Prng
  cuts: number
  reboots: number
}

function begin(seed: number): Story {
  const world = createWorld(4, { isDialled: true })
  const boards = [...world.boards.values()]
  world.bootAll()
  world.run(10_000)
  runJob(world, boards[0]!, jobSpec({ count: 3 }))
  world.run(5_000)
  return { world, boards, prng: createPrng(seed), cuts: 0, reboots: 0 }
}

/** Sides change all the time, and now and then everybody meets. */
function cutOrHeal({ world, boards, prng, ...story }: Story): number {
  world.heal()
  if (prng.chance(0.3)) return story.cuts
  const left = boards.filter(() => prng.chance(0.5))
  world.split(
    left,
    boards.filter((board) => !left.includes(board)),
  )
  return story.cuts + 1
}

/** Two at a time. `swap`: with another disk in it. */
function reboot(story: Story, swap: (board: Board) => void = () => undefined): void {
  const { world, boards, prng } = story
  const chosen = prng.shuffle(boards).slice(0, 2)
  for (const board of chosen) {
    if (prng.chance(0.5)) world.kill(board)
    else world.powerCut(board)
    swap(board)
  }
  for (const board of chosen) {
    world.run(prng.below(400))
    world.boot(board)
    story.reboots++
  }
  world.run(200 + prng.below(1_000))
}

function assertNoneIsTwo(boards: readonly Board[]): void {
  for (const { core, spec } of boards)
    for (const { name, clones } of core!.state!.view.nodes.values()) assert.equal(clones, undefined, `${spec.name} takes ${name} for two`)
}

const said = (boards: readonly Board[], words: string): number =>
  boards.flatMap(({ logs }) => logs).filter((line) => line.includes(words)).length

test('120 reboots under cuts: no board is ever taken for two', () => {
  const story = begin(1)
  const { boards } = story
  while (story.reboots < 120) {
    if (story.reboots % 8 === 0) story.cuts = cutOrHeal(story)
    reboot(story)
    assertNoneIsTwo(boards)
  }
  assert.ok(story.cuts > 8)
  assert.equal(said(boards, 'a second machine runs'), 0)
})

test('neither with an older disk in it each time: what peers hold of the time after it is no proof', () => {
  const story = begin(2)
  const { boards, prng } = story
  const images = new Map<Board, ReadonlyMap<string, Uint8Array>>()
  const swap = (board: Board): void => {
    const image = images.get(board)
    if (image !== undefined && prng.chance(0.7)) board.disk.replaceBy(image)
    if (prng.chance(0.5)) images.set(board, new Map(board.disk))
  }
  while (story.reboots < 200) {
    if (story.reboots % 4 === 0) story.cuts = cutOrHeal(story)
    reboot(story, swap)
    if (prng.chance(0.2)) story.world.run(5_000)
    assertNoneIsTwo(boards)
  }
  // It was near enough: boards that found two parts of the pool ahead of their disks have said what that looks like.
  assert.ok(said(boards, 'peers hold newer changes of this node') > 50)
  assert.ok(said(boards, 'another board seems to have') > 0)
  assert.equal(said(boards, 'a second machine runs'), 0)
})
