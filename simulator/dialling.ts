// Who connects to whom. A board dials those that its bootstrap entries lead to, and through them everybody; where names cannot be looked
// up, only those whose addresses it has heard of.

import type { NodeId } from '../crdt/ids.ts'
import type { Board } from './board.ts'
import type { Links } from './links.ts'

export class Dialling {
  /** Boards that cannot look up names. */
  readonly #nameless = new Set<Board>()
  readonly #boards: ReadonlyMap<NodeId, Board>
  readonly #links: Links
  readonly #tell: (board: Board, addresses: readonly string[]) => void

  /** `tell`: the board hears of its own addresses. */
  constructor(boards: ReadonlyMap<NodeId, Board>, links: Links, tell: (board: Board, addresses: readonly string[]) => void) {
    this.#boards = boards
    this.#links = links
    this.#tell = tell
  }

  /** It has booted: it knows its address, and connects to everybody whom it can dial, or who can dial it. */
  meet(board: Board): void {
    this.#tell(board, [`/sim/${board.spec.name}`])
    this.#connect(board)
  }

  #connect(board: Board): void {
    for (const other of this.#links.around(board)) if (this.canFind(board, other)) this.#links.connect(board, other)
  }

  /** One of the two can dial the other. */
  canFind(a: Board, b: Board): boolean {
    return this.#canDial(a, b) || this.#canDial(b, a)
  }

  /** It has heard of a peer's addresses. */
  remember(board: Board, peer: NodeId, addresses: readonly string[]): void {
    const other = this.#boards.get(peer)
    // Whoever has names is connected, or will be as soon as the link is whole.
    if (this.#nameless.has(board) && other !== undefined && addresses.length > 0) this.#links.connect(board, other)
  }

  /** Its bootstrap entries by name lead nowhere from now on, or somewhere again. */
  setNames(board: Board, work: boolean): void {
    if (!work) this.#nameless.add(board)
    else if (this.#nameless.delete(board) && board.core !== null) this.#connect(board)
  }

  /** Nobody finds it at its former address any more: its connections end. It dials the others from the new one, and they learn it. */
  moveAddress(board: Board, now: number): void {
    for (const peer of [...board.peers]) this.#links.disconnect(board, this.#boards.get(peer)!)
    this.#tell(board, [`/sim/${board.spec.name}/${now}`])
  }

  #canDial(board: Board, other: Board): boolean {
    if (board.core === null) return false
    if (!this.#nameless.has(board)) return true
    const { view, contacts } = board.core.state ?? {}
    const told = [view?.nodes.get(other.spec.id), ...[...(contacts?.values() ?? [])].map((pool) => pool.get(other.spec.id))]
    return told.some((one) => (one?.addresses.length ?? 0) > 0)
  }
}
