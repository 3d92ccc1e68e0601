// What goes wrong with links and boards at the edge, as calls on a world, each with what `shoal doctor` has to say of it: for the tests of the
// doctor and for its bench. A pool of dialling boards that is at rest is what each begins with.

import { bootTwin } from './twins.ts'
import type { Board, World } from './world.ts'

export interface Expected {
  /** Of the finding. */
  readonly id: string
  /** Names of boards, in order; absent: not looked at. */
  readonly from?: readonly string[]
  readonly to?: readonly string[]
}

export interface Pathology {
  readonly name: string
  readonly boards: number
  /** Asked of this board, by its number. */
  readonly askedOf: number
  readonly expected: readonly Expected[]
  /** What may be said besides, since it is true as well. */
  readonly mayAlso?: readonly string[]
  /** Where boards find the fleet, by number. */
  readonly bootstrap?: (index: number) => readonly string[]
  /** Before the boards boot. */
  readonly prepare?: (world: World, boards: readonly Board[]) => void
  readonly inflict: (world: World, boards: readonly Board[]) => void
}

const minuteMs = 60_000

/** Nothing of it arrives, in either direction, from everybody else. */
function isolate(world: World, board: Board, others: readonly Board[]): void {
  world.split(
    [board],
    others.filter((other) => other !== board),
  )
}

function wait(world: World, ms = 90_000): void {
  world.run(ms)
}

const links: readonly Pathology[] = [
  {
    name: 'two groups that cannot talk',
    boards: 5,
    askedOf: 0,
    expected: [{ id: 'partition', from: ['b0', 'b1', 'b2'], to: ['b3', 'b4'] }],
    inflict: (world, boards) => {
      world.split(boards.slice(0, 3), boards.slice(3))
      wait(world)
    },
  },
  {
    name: 'two groups, asked of the smaller one',
    boards: 5,
    askedOf: 4,
    expected: [{ id: 'partition', from: ['b3', 'b4'], to: ['b0', 'b1', 'b2'] }],
    inflict: (world, boards) => {
      world.split(boards.slice(0, 3), boards.slice(3))
      wait(world, 4 * 60 * minuteMs)
    },
  },
  {
    name: 'a board that is off',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'board-silent', to: ['b3'] }],
    inflict: (world, boards) => {
      world.powerCut(boards[3]!)
      wait(world)
    },
  },
  {
    name: 'a board that is cut off, asked itself',
    boards: 4,
    askedOf: 3,
    expected: [{ id: 'cut-off', from: ['b3'], to: ['b0', 'b1', 'b2'] }],
    inflict: (world, boards) => {
      isolate(world, boards[3]!, boards)
      wait(world)
    },
  },
  {
    name: 'two boards that meet through others only',
    boards: 4,
    askedOf: 2,
    expected: [{ id: 'link-down', from: ['b0'], to: ['b1'] }],
    inflict: (world, boards) => {
      world.cut(boards[0]!, boards[1]!)
      wait(world)
    },
  },
  {
    name: 'packets that pass one way only, to a board',
    boards: 4,
    askedOf: 2,
    expected: [{ id: 'one-way', from: ['b0'], to: ['b1'] }],
    inflict: (world, boards) => {
      world.cut(boards[0]!, boards[1]!, true)
      wait(world)
    },
  },
  {
    name: 'packets that pass one way only, from it',
    boards: 4,
    askedOf: 2,
    expected: [{ id: 'one-way', from: ['b1'], to: ['b0'] }],
    inflict: (world, boards) => {
      world.cut(boards[1]!, boards[0]!, true)
      wait(world)
    },
  },
  {
    name: 'a board that cannot be dialled',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'dial-one-way', to: ['b3'] }],
    prepare: (world, boards) => world.links.dialling.setDialable(boards[3]!, false),
    inflict: (world) => wait(world),
  },
  {
    name: 'a link that flaps',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'flapping', to: ['b3'] }],
    // It may be away at the moment of the question.
    mayAlso: ['board-silent'],
    inflict: (world, boards) => {
      for (let flap = 0; flap < 6; flap++) {
        isolate(world, boards[3]!, boards)
        wait(world, 15_000)
        world.heal()
        wait(world, 45_000)
      }
    },
  },
  {
    name: 'a thin link with two seconds of delay',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'slow-link', from: ['b3'] }],
    prepare: (world, boards) => {
      for (const board of boards.slice(0, 3)) {
        world.links.uplinks.routes.set(board.spec.id, boards[3]!.spec.id, 1_000, 0)
        world.links.uplinks.routes.set(boards[3]!.spec.id, board.spec.id, 1_000, 0)
      }
    },
    inflict: (world) => wait(world, 2 * minuteMs),
  },
  {
    name: 'an address that changed',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'address-changed', from: ['b3'] }],
    inflict: (world, boards) => {
      world.links.moveAddress(boards[3]!)
      wait(world, 2 * minuteMs)
    },
  },
]

const waysIn: readonly Pathology[] = [
  {
    name: 'names that lead nowhere',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'dns-nothing', from: ['b0'] }],
    inflict: (world, boards) => {
      world.links.dialling.setNames(boards[0]!, false)
      wait(world)
    },
  },
  {
    name: 'a name that leads astray',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'dns-wrong', from: ['b0'] }],
    bootstrap: (index) => (index === 0 ? ['/dns/b1', '/dns/gone'] : ['/dns/b0']),
    prepare: (world) => world.links.dialling.setName('/dns/gone', '/sim/elsewhere'),
    inflict: (world) => wait(world, 8 * minuteMs),
  },
  {
    name: 'a bootstrap entry that is gone for good',
    boards: 4,
    askedOf: 1,
    expected: [{ id: 'bootstrap-gone', from: ['b1'] }],
    bootstrap: (index) => (index === 1 ? ['/dns/b0', '/sim/gone'] : ['/dns/b0']),
    inflict: (world) => wait(world, 8 * minuteMs),
  },
  {
    name: 'a bootstrap list that is out of date',
    boards: 4,
    askedOf: 1,
    expected: [{ id: 'bootstrap-all-gone', from: ['b1'] }],
    // Others dial it.
    bootstrap: (index) => (index === 1 ? ['/sim/gone', '/sim/gone-too'] : ['/dns/b0', '/dns/b1']),
    inflict: (world) => wait(world, 8 * minuteMs),
  },
]

const boardsThemselves: readonly Pathology[] = [
  {
    name: 'a full disk',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'disk-refuses', from: ['b2'] }],
    inflict: (world, boards) => {
      world.fillDisk(boards[2]!)
      // Somebody comes and goes: it has something to write.
      world.feed(boards[2]!, { kind: 'addresses', now: 0, addresses: [boards[2]!.address, '/sim/second'] })
      wait(world)
    },
  },
  {
    name: 'an engine that is down',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'engine-down', from: ['b2'] }],
    inflict: (world, boards) => {
      const down = { health: { healthy: false, reason: 'it does not answer' }, attributes: {}, images: [] }
      world.feed(boards[2]!, { kind: 'fingerprint', now: 0, driver: 'raw_exec', fingerprint: down })
      wait(world)
    },
  },
  {
    name: 'a clock that is off',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'clock-off', from: ['b2'] }],
    inflict: (world, boards) => {
      boards[2]!.wallAheadMs = -10 * minuteMs
      wait(world)
    },
  },
  {
    name: 'a clock in 1970',
    boards: 2,
    askedOf: 1,
    expected: [{ id: 'clock-off', from: ['b0'] }],
    inflict: (world, boards) => {
      boards[0]!.wallAheadMs = -world.wallMs
      wait(world)
    },
  },
  {
    name: 'an old disk',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'old-disk', from: ['b2'] }],
    inflict: (world, boards) => {
      const board = boards[2]!
      const image = new Map(board.disk)
      world.feed(board, { kind: 'addresses', now: 0, addresses: [board.address, '/sim/second'] })
      wait(world)
      world.powerCut(board)
      board.disk.replaceBy(image)
      wait(world)
      world.boot(board)
      wait(world, 2 * minuteMs)
    },
  },
  {
    name: 'a copied card',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'clone' }],
    mayAlso: ['old-disk', 'flapping', 'address-changed', 'board-silent'],
    inflict: (world, boards) => {
      bootTwin(world, boards[3]!, new Map(boards[3]!.disk))
      wait(world, 2 * minuteMs)
    },
  },
  {
    name: 'a board that is banned',
    boards: 4,
    askedOf: 0,
    expected: [{ id: 'banned', from: ['b0'], to: ['b2'] }],
    mayAlso: ['link-down'],
    inflict: (world, boards) => {
      for (let times = 0; times < 20; times++)
        world.feed(boards[0]!, { kind: 'misbehaved', now: 0, peer: boards[2]!.spec.id, code: 'E_OVERSIZE' })
      wait(world, 1_000)
    },
  },
]

export const pathologies: readonly Pathology[] = [...links, ...waysIn, ...boardsThemselves]
