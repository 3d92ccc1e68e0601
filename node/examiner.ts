// Carries out an examination: looks at what the core cannot see, asks the other boards for theirs, and has what all of them say diagnosed.
// Every part has a time limit and fails alone: what could not be had is told as such.

import net from 'node:net'

import type { Examination, Surroundings, Unanswered, WaySeen } from '../crdt/api-doctor.ts'
import type { Reply, Request } from '../crdt/api-types.ts'
import type { NodeId } from '../crdt/ids.ts'
import { lookUpName, readHalfOpen, readMemory, readRoom, tryTcp } from './adapters/surroundings.ts'
import { diagnose } from './core/doctor/diagnose.ts'
import { doctorLimits as limits } from './core/doctor/limits.ts'
import { nameIn } from './core/doctor/rules/ways-in.ts'
import type { Answered } from './core/doctor/scene.ts'
import type { Effect } from './core/effect.ts'
import type { Network } from './core/ports.ts'
import { readExamination } from './examination-schema.ts'
import { wordsOf } from './words.ts'

export type Examine = Effect & { kind: 'examine' }
export type Examiner = (effect: Examine, answer: (reply: Reply) => void) => void

export interface ExaminerInput {
  readonly network: Pick<Network, 'seen' | 'request'>
  readonly dataDir: string
  readonly lookUp?: typeof lookUpName
}

/** A pool of boards in a document each of some kilobytes is below. */
const answerBytesMax = 1_048_576

export function createExaminer(input: ExaminerInput): Examiner {
  return (effect, answer) => {
    void carryOut(input, effect).then(answer, (error: unknown) =>
      answer({ kind: 'error', code: 'E_EXAMINE', message: `the board could not be examined: ${wordsOf(error)}` }),
    )
  }
}

async function carryOut(input: ExaminerInput, effect: Examine): Promise<Reply> {
  const [surroundings, others] = await Promise.all([
    surroundingsOf(input, effect.tries),
    Promise.all(effect.ask.map((node) => askBoard(input.network, node))),
  ])
  const self: Examination = { ...effect.examination, surroundings }
  if (effect.alone) return { kind: 'examination', examination: self }
  const answered = others.flatMap((one) => ('examination' in one ? [one] : []))
  const unanswered = others.flatMap((one): Unanswered[] =>
    'why' in one ? [{ ...one, name: self.boards.find(({ node }) => node === one.node)?.name ?? one.node }] : [],
  )
  return { kind: 'doctor', coverage: effect.coverage, diagnosis: diagnose({ self, answered, unanswered }) }
}

async function askBoard(
  network: ExaminerInput['network'],
  node: NodeId,
): Promise<Answered | { readonly node: string; readonly why: string }> {
  const begun = performance.now()
  const askedAt = Date.now()
  try {
    const reply = await oneAnswer(network, node, { method: 'doctor', alone: true })
    const examination = reply.kind === 'examination' ? readExamination(reply.examination) : null
    // Nobody speaks for another.
    if (examination?.node === node)
      return { examination, clockMs: examination.wallMs - askedAt, tookMs: Math.trunc(performance.now() - begun) }
    const why =
      reply.kind === 'error'
        ? reply.code === 'E_METHOD'
          ? 'its agent is older and cannot be examined'
          : reply.message
        : 'it answers nonsense'
    return { node, why: why.slice(0, 200) }
  } catch (error) {
    return { node, why: wordsOf(error).slice(0, 200) }
  }
}

async function oneAnswer(network: ExaminerInput['network'], node: NodeId, request: Request): Promise<Reply> {
  const signal = AbortSignal.timeout(limits.askMsMax)
  for await (const frame of network.request(node, new TextEncoder().encode(JSON.stringify(request)), signal)) {
    if (frame.length > answerBytesMax) throw new Error('its answer is too large')
    return JSON.parse(new TextDecoder().decode(frame)) as Reply
  }
  throw new Error('no answer')
}

async function surroundingsOf({ network, dataDir, lookUp = lookUpName }: ExaminerInput, tries: Examine['tries']): Promise<Surroundings> {
  const { ways: known, connections } = network.seen()
  const listed = known.filter(({ isBootstrap }) => isBootstrap)
  const asked = [...new Set(listed.flatMap(({ address }) => nameIn(address) ?? []))].slice(0, limits.namesMax)
  const [disk, memory, names] = await Promise.all([
    readRoom(dataDir),
    readMemory(),
    Promise.all(asked.map(async (name) => await lookUp(name, { withinMs: limits.nameMsMax }))),
  ])
  const bare = (address: string): string => address.replace(/\/p2p\/[^/]+$/, '')
  const wanted = [
    ...tries.map(({ node, address }) => ({ address: bare(address), node: node as string })),
    ...listed.map(({ address, node }) => ({ address: bare(address), node })),
  ]
  const once = new Map(wanted.map((one) => [one.address, one]).reverse() as [string, (typeof wanted)[number]][])
  const firstOf = (address: string) => known.find((way) => bare(way.address) === address)
  const ways = await Promise.all(
    [...once.values()].slice(0, limits.triesMax + limits.namesMax).map(async ({ address, node }): Promise<WaySeen> => ({
      isBootstrap: false,
      fault: null,
      ...firstOf(address),
      address,
      node: firstOf(address)?.node ?? node,
      // Each for itself: an address that cannot be tried hides no other.
      reached: await reach(address, names).catch(() => null),
    })),
  )
  const rest = known.filter(({ address }) => !once.has(bare(address))).map((way): WaySeen => ({ ...way, reached: null }))
  // After the tries: the other boards' own come in at the same time.
  return { disk, memory, names, ways: [...ways, ...rest], connections, halfOpen: await readHalfOpen() }
}

/**
 * null: the address is none of TCP, or leads over a relay, or is no address: members write theirs themselves, so that a name in place of a
 * number is not looked up either.
 */
async function reach(address: string, names: Surroundings['names']): Promise<WaySeen['reached']> {
  const [, host, digits] = /^\/(?:ip4|ip6|dns4?|dns6)\/([^/]+)\/tcp\/(\d+)(?!.*p2p-circuit)/.exec(address) ?? []
  const port = Number(digits)
  if (host === undefined || port < 1 || port > 65_535) return null
  const name = nameIn(address)
  const found = name === null ? [host] : names.find((seen) => seen.name === name)?.addresses
  if (found === undefined) return null
  const [first] = found
  if (first === undefined) return 'unnamed'
  return net.isIP(first) === 0 ? null : await tryTcp(first, port, limits.tryMsMax)
}
