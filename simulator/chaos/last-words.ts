// What operators wrote last. As long as nobody writes to a document without knowing all that was written before, there is nothing to
// merge: what was written last must be what every board has in the end. That is known without asking any board.

import type { DocId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'

interface Word {
  readonly hashes: ReadonlySet<string>
  /** Boards that took it. */
  readonly via: ReadonlySet<string>
  /** Path → value; null when somebody wrote beside it. */
  readonly values: Map<string, Scalar> | null
}

export class LastWords {
  readonly #words = new Map<DocId, Word>()

  /** `known`: the changes that the board had before; `fresh`: those that were made now. */
  wrote(doc: DocId, via: string, values: ReadonlyMap<string, Scalar>, known: ReadonlySet<string>, fresh: readonly string[]): void {
    const before = this.#words.get(doc) ?? { hashes: new Set<string>(), via: new Set<string>(), values: new Map<string, Scalar>() }
    const knewAll = before.values !== null && [...before.hashes].every((hash) => known.has(hash))
    this.#words.set(doc, {
      hashes: new Set([...before.hashes, ...fresh]),
      via: new Set([...before.via, via]),
      values: knewAll ? new Map([...before.values, ...values]) : null,
    })
  }

  /** The document began anew from what the board had of it. */
  compacted(doc: DocId, via: string, copy: ReadonlySet<string>, fresh: readonly string[]): void {
    const before = this.#words.get(doc)
    const knewAll = before !== undefined && before.values !== null && [...before.hashes].every((hash) => copy.has(hash))
    if (!knewAll) return this.unsure(doc)
    this.#words.set(doc, { ...before, hashes: new Set(fresh), via: new Set([...before.via, via]) })
  }

  /** Nobody can say any more what is in it: something of it may be gone, or may come from where nobody acknowledged it. */
  unsure(doc: DocId): void {
    const before = this.#words.get(doc)
    this.#words.set(doc, { hashes: before?.hashes ?? new Set(), via: before?.via ?? new Set(), values: null })
  }

  diskReplaced(): void {
    for (const doc of this.#words.keys()) this.unsure(doc)
  }

  /** Of documents that only these boards wrote to. */
  expected(members: ReadonlySet<string>): ReadonlyMap<DocId, ReadonlyMap<string, Scalar>> {
    const known = [...this.#words].filter(([, { via }]) => [...via].every((name) => members.has(name)))
    return new Map(known.flatMap(([doc, { values }]) => (values === null ? [] : [[doc, values] as const])))
  }
}
