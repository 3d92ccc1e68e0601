// A board that belongs to the fleet and means ill: it says again what it has heard, sends it with a wrong byte, tells half the fleet one
// thing and half another, claims every slot, says that it has more than it has, or makes up what others or earlier times said
// (`forgeries.ts`). Its own core stays as it is: all this is sent beside what that says, under the same key.

import type { NodeRecord } from '../../crdt/documents/node.ts'
import { nodeFromRegisters, nodeToRegisters } from '../../crdt/documents/node.ts'
import { jobPaths } from '../../crdt/documents/job.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { type SlotId, nodeDocId, slotId } from '../../crdt/ids.ts'
import { type Scalar, difference } from '../../crdt/registers.ts'
import { editDoc } from '../../crdt/replica.ts'
import type { Claim } from '../../crdt/view.ts'
import { allocId } from '../../crdt/view-hash.ts'
import type { State } from '../../node/core/state.ts'
import { envelopeFrames } from '../../node/core/wire.ts'
import type { Board } from '../board.ts'
import { type Prng, createPrng } from '../prng.ts'
import { chaosCrypto } from './crypto.ts'
import { later } from './faults-boards.ts'
import { type Frames, falseLinks, forgedActors, keptOf, oldEpochs } from './forgeries.ts'
import type { EventOf } from './plan.ts'
import type { Stage } from './stage.ts'

const everyMs = 700
const framesMax = 400

export function turnMalicious(stage: Stage, event: EventOf<'malice'>): void {
  const { world, witness } = stage
  const board = world.board(event.board)
  if (board.core === null || stage.malicious.has(board)) return
  stage.malicious.add(board)
  witness.excuse('lied', event.board)
  if (event.how !== 'old-epochs') witness.saw(`malice-${event.how}`)
  witness.rules.bans.lies(board.spec.id)
  if (event.how === 'equivocate') stage.twoTongued.add(board)
  if (event.how === 'claim-spam') witness.generations.coveredByLies()
  const until = world.queue.now + event.forMs
  if (event.how === 'false-capacity') {
    lieAboutCapacity(stage, board)
    return later(stage, event.forMs, () => tellTruth(stage, board))
  }
  witness.overheard.set(board, [])
  const prng = createPrng(stage.plan.seed ^ event.at)
  const kept = event.how === 'old-epochs' ? keptOf(board) : []
  const round = (): void => {
    if (world.queue.now >= until) return tellTruth(stage, board)
    if (board.core?.state != null) misbehave(stage, board, event.how, prng, kept)
    later(stage, everyMs, round)
  }
  round()
}

export function endMalice(stage: Stage): void {
  for (const board of [...stage.malicious]) tellTruth(stage, board)
}

function tellTruth(stage: Stage, board: Board): void {
  stage.malicious.delete(board)
  stage.witness.overheard.delete(board)
  if (board.saysCapacity === null) return
  board.saysCapacity = null
  reboot(stage, board)
}

function lieAboutCapacity(stage: Stage, board: Board): void {
  const { cpuMhz, memoryMib, diskMib } = board.spec.capacity ?? { cpuMhz: 1_000, memoryMib: 1_000, diskMib: 1_000 }
  board.saysCapacity = { cpuMhz: 4 * cpuMhz, memoryMib: 4 * memoryMib, diskMib: 4 * diskMib }
  stage.witness.liars.add(board)
  reboot(stage, board)
}

function reboot(stage: Stage, board: Board): void {
  if (board.core === null) return
  stage.world.kill(board)
  stage.world.boot(board)
}

function misbehave(stage: Stage, board: Board, how: EventOf<'malice'>['how'], prng: Prng, kept: ReturnType<typeof keptOf>): void {
  const heard = stage.witness.overheard.get(board) ?? []
  heard.splice(0, Math.max(0, heard.length - framesMax))
  const peers = [...board.peers.keys()]
  if (how === 'replay' || how === 'forge') {
    for (let n = 0; n < 3 && heard.length > 0; n++) {
      const frame = prng.pick(heard)!
      const at = prng.below(frame.length)
      const sent = how === 'replay' ? frame : Uint8Array.from(frame, (byte, i) => (i === at ? byte ^ (1 << prng.below(8)) : byte))
      const to = prng.pick(peers)
      if (to !== undefined) stage.world.links.send(board, to, sent)
    }
    return
  }
  const state = board.core!.state!
  if (how === 'usurp') return usurp(stage, board, state, prng)
  if (how === 'forged-actors') return tellAll(stage, board, forgedActors(stage, board, state, prng))
  if (how === 'false-links') return tellAll(stage, board, falseLinks(stage, board, state, prng))
  if (how === 'old-epochs') return tellAll(stage, board, oldEpochs(stage, kept, state, prng))
  const nonce = chaosCrypto.sha256(new Uint8Array([prng.below(256), prng.below(256), prng.below(256)])).slice(0, 16)
  const versions =
    how === 'claim-spam'
      ? [signed(stage, board, nonce, (record) => ({ ...record, claims: new Map([...record.claims, ...falseClaims(state, board, prng)]) }))]
      : ['a', 'b'].map((side) => signed(stage, board, nonce, (record) => ({ ...record, labels: { ...record.labels, side } })))
  for (const [index, peer] of peers.entries())
    for (const frame of envelopeFrames(versions[index % versions.length]!)) stage.world.links.send(board, peer, frame)
}

function tellAll({ world }: Stage, board: Board, frames: Frames): void {
  for (const peer of board.peers.keys()) for (const frame of frames) world.links.send(board, peer, frame)
}

/** Another change of its own document, signed with its own key, that its own core knows nothing of. */
function signed(stage: Stage, board: Board, nonce: Uint8Array, change: (record: NodeRecord) => NodeRecord): Uint8Array[] {
  const own = board.core?.state?.docs.get(nodeDocId(board.spec.id))
  if (own === undefined) return []
  const { id, signer } = board.spec
  const wanted = nodeToRegisters(change(nodeFromRegisters(id, own.registers)))
  const author = { id, signer, nonce, fleet: stage.operator.fleet }
  const { envelopes } = editDoc(chaosCrypto, own, author, difference(own.registers, wanted))
  for (const { hash } of envelopes) stage.witness.rules.authors.genuine(hash)
  return envelopes.map((envelope) => envelope.bytes)
}

/** Removes a job or evicts a board: signed with a key that may not, or in the name of the operator, whose key it has not got. */
function usurp(stage: Stage, board: Board, state: State, prng: Prng): void {
  const docs = [...state.docs.values()].filter((doc) => doc.kind === 'job' || doc.kind === 'ops')
  const doc = prng.pick(docs)
  if (doc === undefined) return
  const { id, signer } = board.spec
  const { id: operator, publicKey } = stage.operator
  const inWhoseName = prng.chance(0.5) ? { id, signer } : { id: operator, signer: { publicKey, sign: signer.sign } }
  const author = {
    ...inWhoseName,
    nonce: chaosCrypto.sha256(new Uint8Array([prng.below(256), prng.below(256)])).slice(0, 16),
    fleet: stage.operator.fleet,
  }
  const change = doc.kind === 'job' ? ([jobPaths.desired, 'removed'] as const) : ([opsPaths.evicted, true] as const)
  const { envelopes } = editDoc(chaosCrypto, doc, author, new Map<string, Scalar>([change]))
  tellAll(stage, board, envelopeFrames(envelopes.map((envelope) => envelope.bytes)))
}

/** As if it ran every slot, newer than anybody, and sent all others away. */
function falseClaims(state: State, board: Board, prng: Prng): [SlotId, Claim][] {
  const claims: [SlotId, Claim][] = []
  for (const job of state.view.jobs.values()) {
    for (const group of job.spec?.groups ?? []) {
      for (let index = 0; index < group.count; index++) {
        const slot = slotId(job.id, group.name, index)
        const rivals = (state.view.claims.get(slot) ?? []).filter((claim) => claim.node !== board.spec.id)
        const generation = Math.max(0, ...rivals.map((claim) => claim.generation)) + 1 + prng.below(1_000)
        claims.push([
          slot,
          {
            slot,
            node: board.spec.id,
            alloc: allocId(chaosCrypto, slot, board.spec.id, generation),
            generation,
            version: job.version,
            form: job.forms.get(group.name)!,
            state: 'running',
            healthy: true,
            reason: '',
            startedAt: 1,
            restarts: 0,
            restartSeen: 0,
            ports: {},
            tasks: {},
            over: new Map(rivals.map((rival) => [rival.node, rival.generation])),
            lost: new Map(),
          },
        ])
      }
    }
  }
  return claims
}
