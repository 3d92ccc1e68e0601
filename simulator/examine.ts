// What a real board's agent looks at for `shoal doctor` besides its own state, in the simulated world: its disk, the names and addresses that it
// dials, its connections; and the other boards, which are asked over the same links. Diagnosed by the same rules as on the boards.

import type { Examination, Surroundings, Unanswered, WaySeen } from '../crdt/api-doctor.ts'
import type { Reply } from '../crdt/api-types.ts'
import type { Effect } from '../node/core/effect.ts'
import { diagnose } from '../node/core/doctor/diagnose.ts'
import { doctorLimits } from '../node/core/doctor/limits.ts'
import type { Answered } from '../node/core/doctor/scene.ts'
import type { Board } from './board.ts'
import type { Asked, World } from './world.ts'

type Examine = Effect & { kind: 'examine' }

const diskMib = 8_192

/** `answer` is called once, when everybody has answered or had the time for it. */
export function carryOutExamine(world: World, board: Board, effect: Examine, answer: (reply: Reply) => void): void {
  const own: Examination = { ...effect.examination, surroundings: surroundingsOf(world, board, effect.tries) }
  if (effect.alone) return answer({ kind: 'examination', examination: own })
  const asked = effect.ask.map((node) => ({ node, question: ask(world, board, node) }))
  world.queue.after(doctorLimits.askMsMax, () => {
    const answered: Answered[] = []
    const unanswered: Unanswered[] = []
    for (const { node, question } of asked) {
      const reply = question?.replies[0]
      const name = own.boards.find((row) => row.node === node)?.name ?? node
      if (reply?.kind === 'examination')
        answered.push({ examination: reply.examination, clockMs: reply.examination.wallMs - own.wallMs, tookMs: 0 })
      else unanswered.push({ node, name, why: question === null ? 'it cannot be reached from here' : 'no answer in time' })
    }
    answer({ kind: 'doctor', coverage: effect.coverage, diagnosis: diagnose({ self: own, answered, unanswered }) })
  })
}

/** As a board reaches another for a request: by a connection that it has, or one that it makes. */
function ask(world: World, board: Board, node: string): Asked | null {
  const target = [...world.boards.values()].find(({ spec }) => spec.id === node)
  if (target === undefined || !world.links.isPassable(board, target)) return null
  return world.ask(target, { method: 'doctor', alone: true }, board.spec.id)
}

function surroundingsOf({ links }: World, board: Board, tries: Examine['tries']): Surroundings {
  const { dialling } = links
  const known = dialling.ways(board)
  const tried = tries.map(({ node, address }): WaySeen => ({
    address,
    node,
    isBootstrap: false,
    fault: null,
    ...known.find((way) => way.address === address),
    reached: dialling.reach(board, address),
  }))
  const rest = known
    .filter(({ address }) => !tries.some((one) => one.address === address))
    .map((way): WaySeen => ({ ...way, reached: way.isBootstrap ? dialling.reach(board, way.address) : null }))
  return {
    disk: { freeMib: board.disk.fault === 'full' ? 0 : diskMib / 2, totalMib: diskMib },
    memory: null,
    names: dialling.names(board),
    ways: [...tried, ...rest],
    connections: dialling.connections(board),
    halfOpen: [],
  }
}
