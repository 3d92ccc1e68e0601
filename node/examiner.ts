// Carries out an examination: looks at what the core cannot see, asks the other boards for theirs, and has what all of them say diagnosed.
// Every part has a time limit and fails alone: what could not be had is told as such.

import type { Examination, Surroundings, Unanswered } from '../crdt/api-doctor.ts'
import type { Reply, Request } from '../crdt/api-types.ts'
import type { NodeId } from '../crdt/ids.ts'
import { diagnose } from './core/doctor/diagnose.ts'
import { doctorLimits as limits } from './core/doctor/limits.ts'
import type { Answered } from './core/doctor/scene.ts'
import type { Effect } from './core/effect.ts'
import type { Network } from './core/ports.ts'
import { readExamination } from './examination-schema.ts'
import { type LookAroundInput, lookAround } from './look-around.ts'
import { wordsOf } from './words.ts'

export type Examine = Effect & { kind: 'examine' }
/** `gone`: nobody waits for the answer any more. */
export type Examiner = (effect: Examine, answer: (reply: Reply) => void, gone: AbortSignal) => void

export interface ExaminerInput extends LookAroundInput {
  readonly network: Pick<Network, 'seen' | 'request'>
}

/** A pool of boards in a document each of some kilobytes is below. */
const answerBytesMax = 1_048_576

export function createExaminer(input: ExaminerInput): Examiner {
  const look = shared(input)
  let fanOuts = 0
  return (effect, answer, gone) => {
    if (effect.alone)
      return void look(effect).then((surroundings) => answer({ kind: 'examination', examination: own(effect, surroundings) }), failed)
    if (fanOuts >= limits.fanOutsMax) {
      const message = `this node examines the fleet for ${fanOuts} callers already`
      return answer({ kind: 'error', code: 'E_BUSY', message, hint: 'ask again in some seconds, or another peer' })
    }
    fanOuts += 1
    void carryOut(input.network, look(effect), effect, gone)
      .then(answer, failed)
      .finally(() => (fanOuts -= 1))

    function failed(error: unknown): void {
      answer({ kind: 'error', code: 'E_EXAMINE', message: `the board could not be examined: ${wordsOf(error)}` })
    }
  }
}

/**
 * One look serves everybody who asks while it lasts and shortly after: each would open dozens of connections. One from before a board fell
 * silent or came back does not, nor one that did not try an address that a board has taken since: what it saw there is over.
 */
function shared(input: LookAroundInput): (effect: Examine) => Promise<Surroundings> {
  let last: { readonly look: Promise<Surroundings>; readonly at: ReadonlySet<string>; readonly away: string; doneAt: number } | null = null
  return async (effect) => {
    const wanted = effect.tries.map(({ address }) => address)
    const away = awayIn(effect)
    const isFresh = last !== null && performance.now() - last.doneAt <= limits.lookAgeMsMax && last.away === away
    if (last !== null && isFresh && wanted.every((address) => last?.at.has(address))) return await last.look
    const mine = { look: lookAround(input, effect), at: new Set(wanted), away, doneAt: Number.POSITIVE_INFINITY }
    last = mine
    try {
      return await mine.look
    } catch (error) {
      if (last === mine) last = null
      throw error
    } finally {
      mine.doneAt = performance.now()
    }
  }
}

function awayIn({ examination }: Examine): string {
  const away = examination.boards.filter(({ liveness }) => liveness !== 'alive')
  return away.map(({ node }) => node).join(' ')
}

function own({ examination }: Examine, surroundings: Surroundings): Examination {
  return { ...examination, surroundings }
}

async function carryOut(
  network: ExaminerInput['network'],
  look: Promise<Surroundings>,
  effect: Examine,
  gone: AbortSignal,
): Promise<Reply> {
  const names = new Map(effect.examination.boards.map((row) => [row.node, row.name]))
  const [surroundings, others] = await Promise.all([
    look,
    Promise.all(effect.ask.map(async (node) => await askBoard(network, node, names.get(node) ?? node, gone))),
  ])
  const self = own(effect, surroundings)
  const answered = others.flatMap((one) => ('examination' in one ? [one] : []))
  const unanswered = others.flatMap((one) => ('why' in one ? [one] : []))
  return { kind: 'doctor', coverage: effect.coverage, diagnosis: diagnose({ self, answered, unanswered }) }
}

async function askBoard(network: ExaminerInput['network'], node: NodeId, name: string, gone: AbortSignal): Promise<Answered | Unanswered> {
  const begun = performance.now()
  const askedAt = Date.now()
  try {
    const reply = await oneAnswer(network, node, { method: 'doctor', alone: true }, gone)
    const examination = reply.kind === 'examination' ? readExamination(reply.examination) : null
    // Nobody speaks for another, nor under another's name.
    if (examination?.node === node)
      return { examination: { ...examination, name }, clockMs: examination.wallMs - askedAt, tookMs: Math.trunc(performance.now() - begun) }
    const why =
      reply.kind === 'error'
        ? reply.code === 'E_METHOD'
          ? 'its agent is older and cannot be examined'
          : reply.message
        : 'it answers nonsense'
    return { node, name, why: why.slice(0, 200) }
  } catch (error) {
    return { node, name, why: wordsOf(error).slice(0, 200) }
  }
}

async function oneAnswer(network: ExaminerInput['network'], node: NodeId, request: Request, gone: AbortSignal): Promise<Reply> {
  const signal = AbortSignal.any([AbortSignal.timeout(limits.askMsMax), gone])
  for await (const frame of network.request(node, new TextEncoder().encode(JSON.stringify(request)), signal)) {
    if (frame.length > answerBytesMax) throw new Error('its answer is too large')
    return JSON.parse(new TextDecoder().decode(frame)) as Reply
  }
  throw new Error('no answer')
}
