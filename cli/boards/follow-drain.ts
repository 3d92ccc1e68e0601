// A drain followed: what is left on the node and what each copy waits for, told when it changes, until the node holds nothing and what it
// held runs elsewhere.

import type { MoveRow, NodeDetail } from '../../crdt/api-nodes.ts'
import type { SlotRow } from '../../crdt/api-jobs.ts'
import { type JobId, type SlotId, slotParts } from '../../crdt/ids.ts'
import { CliError, codeOf } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Session } from '../peers/session.ts'
import { printData } from '../print.ts'
import { type Place, isOver, isSamePlace, placeText } from '../render/allocs.ts'
import { rejectedWords } from '../render/explain.ts'
import { moveText } from '../render/drain.ts'
import { reasonText } from '../render/reasons.ts'
import { plural, safe } from '../render/words.ts'
import { followNode } from './follow-node.ts'

/** What was stopped at the deadline may find its new place a moment later: so many looks long, ten seconds. */
const looksAfter = 20

interface Watched {
  readonly id: string
  /** Safe to show. */
  readonly name: string
  readonly pool: string
  /** What it held before: some of it may be gone at the first look. */
  readonly places: readonly Place[]
  /** Its drain has just been written: who answers may see that a moment later. */
  readonly isFresh: boolean
}

export async function followDrain(session: Session, before: NodeDetail, forMs: number, isFresh: boolean): Promise<ExitCode> {
  const { id, name, pool, claims } = before
  const places = claims.filter((alloc) => !isOver(alloc))
  const watch = new DrainWatch(session, { id, name: safe(name), pool, places, isFresh })
  return await followNode(session, id, forMs, async (node, isLast) => await watch.look(node, isLast))
}

class DrainWatch {
  readonly #session: Session
  readonly #node: Watched
  /** Of every copy that was ever seen there. */
  readonly #places: Place[]
  readonly #said = new Map<string, string>()
  #looksLeft = looksAfter
  #hasBegun = false

  constructor(session: Session, node: Watched) {
    this.#session = session
    this.#node = node
    this.#places = [...node.places]
  }

  async look(node: NodeDetail, isLast: boolean): Promise<ExitCode | null> {
    const { name, isFresh } = this.#node
    if (!node.draining && node.liveness !== 'left') {
      if (isFresh && !this.#hasBegun && !isLast && this.#looksLeft-- > 0) return null
      throw new CliError('E_NOT_DRAINING', `node ${name} does not drain`, { hint: `shoal node drain ${name} --enable` })
    }
    this.#hasBegun = true
    const left = leftOn(node)
    for (const row of left) await this.#tell(row)
    if (left.length > 0) return isLast ? this.#givesUp(left) : null
    const missing = await this.#notElsewhere()
    if (missing.length === 0) return this.#ends(exitCodes.done, `node ${name} is drained`)
    if (!isLast && this.#looksLeft-- > 0) return null
    for (const row of missing) this.#session.io.stderr.write(`${placeText(row)}: ${reasonText(row.reason ?? 'not-moved')}\n`)
    return this.#ends(exitCodes.notPlaced, `node ${name} is drained, and ${plural(missing.length, 'copy', 'copies')} of it found no place`)
  }

  async #tell(row: MoveRow): Promise<void> {
    const { slot, reason } = row
    if (!this.#held(row)) this.#places.push(row)
    const text = moveText(row)
    if (this.#said.get(slot) === text) return
    this.#said.set(slot, text)
    if (this.#session.format !== 'table') return
    this.#session.io.stdout.write(`${text}${reason === 'no-node-feasible' ? await this.#why(slot) : ''}\n`)
  }

  /** The commonest reasons, counted. They are an extra: the line stands without them. */
  async #why(slot: string): Promise<string> {
    const { job } = slotParts(slot as SlotId)
    const reply = await this.#session.ask('explain', { method: 'job.explain', job }, { pool: this.#node.pool }).catch(() => null)
    const words = rejectedWords(reply?.slots.find((one) => one.slot === slot)?.nodes ?? [])
    return words === '' ? '' : `; nodes: ${words}`
  }

  /** What is not wanted any more has no row, and needs no place. */
  async #notElsewhere(): Promise<readonly SlotRow[]> {
    const jobs = new Set(this.#places.map(({ slot }): JobId => slotParts(slot as SlotId).job))
    const rows: SlotRow[] = []
    for (const job of jobs) {
      try {
        rows.push(...(await this.#session.ask('job', { method: 'job.status', job }, { pool: this.#node.pool })).job.slots)
      } catch (error) {
        if (codeOf(error) !== 'E_JOB_UNKNOWN') throw error
      }
    }
    const isHere = ({ holder, complete }: SlotRow): boolean => complete === null && (holder === null || holder === this.#node.id)
    // Copies of system jobs go nowhere.
    return rows.filter((row) => this.#held(row) && slotParts(row.slot as SlotId).node === null && isHere(row))
  }

  /** A copy, or its canary beside it. */
  #held(row: Place): boolean {
    return this.#places.some((place) => isSamePlace(place, row))
  }

  #givesUp(left: readonly MoveRow[]): ExitCode {
    const { io } = this.#session
    for (const row of left) io.stderr.write(`${moveText(row)}\n`)
    io.stderr.write(`it goes on by itself (shoal node drain ${this.#node.name} --monitor); to stop what is left: --force\n`)
    return this.#ends(exitCodes.notPlaced, `node ${this.#node.name} still holds ${plural(left.length, 'copy', 'copies')}`)
  }

  #ends(exitCode: ExitCode, words: string): ExitCode {
    const { io, format } = this.#session
    const isDrained = exitCode === exitCodes.done
    if (format !== 'table') printData(io, format, { node: this.#node.id, draining: true, drained: isDrained, exitCode })
    else (isDrained ? io.stdout : io.stderr).write(`${words}\n`)
    return exitCode
  }
}

/** What stays is not waited for. An older agent tells no more than what is there. */
function leftOn({ drain, claims }: NodeDetail): readonly MoveRow[] {
  if (drain !== undefined) return drain.left.filter(({ reason }) => reason !== 'system-stays')
  return claims.filter((alloc) => !isOver(alloc)).map(({ slot }) => ({ slot, to: null, reason: 'not-moved' }))
}
