// One view for all boards that hold the same documents and find the same boards alive, and one plan of it while nothing in it waits: in a
// pool at rest, and in one where all boards have just heard the same, what one has worked out is what all would. Two boards hold the
// same when each document is the same object and each board's liveness the same word; marks only say where to look. What differs between
// their own views is the order in which maps are read, which must mean nothing: whoever searches for faults leaves this out.

import type { Doc } from '../crdt/doc.ts'
import type { NodeId } from '../crdt/ids.ts'
import { type Memory, type ProjectInput, type createProjector, emptyMemory, nextView } from '../crdt/project.ts'
import type { Liveness, View } from '../crdt/view.ts'
import { type Failing, failingIn } from '../node/core/failing.ts'
import type { plan } from '../scheduler/plan.ts'
import { recall } from './interned.ts'
import { createSharedPlan } from './shared-plans.ts'

/** The newest views of a world: each board's own stays with it, and whoever comes to a view later than so many others makes it anew. */
const viewsMax = 256

interface Marked {
  readonly mark: number
  /** Whose document it is. */
  readonly node: NodeId | null
}

const livenessMark: Readonly<Record<Liveness, number>> = {
  alive: 0x9e3779b1,
  disconnected: 0x85ebca6b,
  unheard: 0xc2b2ae35,
  left: 0x27d4eb2f,
}

export interface SharedViews {
  readonly createProjector: typeof createProjector
  readonly plan: typeof plan
  readonly failingIn: typeof failingIn
}

export function createSharedViews(): SharedViews {
  const failing = new WeakMap<View, Failing>()
  return {
    createProjector: createSharedProjectors(),
    plan: createSharedPlan(),
    failingIn: (view, before) => recall(failing, view, () => failingIn(view, before)),
  }
}

function createSharedProjectors(): typeof createProjector {
  const made = new Map<number, Memory>()
  const marks = new WeakMap<Doc, Marked>()
  let documents = 0
  const marked = (doc: Doc): Marked => ({
    mark: mixed(++documents),
    node: doc.kind === 'node' ? (doc.id.slice('node/'.length) as NodeId) : null,
  })
  const markOf = ({ pool, docs, livenessOf }: ProjectInput): number => {
    let [low, high] = [docs.size, 0]
    for (const doc of docs.values()) {
      if (doc.pool !== pool && doc.kind !== 'fleet') continue
      const { mark, node } = recall(marks, doc, marked)
      low = (low + mark) | 0
      if (node !== null) high = (high + Math.imul(mark, livenessMark[livenessOf(node)])) | 0
    }
    return (high >>> 6) * 0x4000000 + (low >>> 6)
  }
  return (reader) => {
    let last: Memory | null = null
    return (input) => {
      const mark = markOf(input)
      const known = made.get(mark)
      if (known !== undefined && isOf(known, input)) return (last = known).view
      const memory = last === null || last.view.pool !== input.pool ? emptyMemory(input.pool) : copyOf(last)
      memory.view = nextView(reader, memory, input)
      made.set(mark, (last = memory))
      for (const oldest of made.keys()) {
        if (made.size <= viewsMax) break
        made.delete(oldest)
      }
      return memory.view
    }
  }
}

function copyOf(memory: Memory): Memory {
  const { docs, nodes, claimants } = memory
  return { ...memory, docs: new Map(docs), nodes: new Map(nodes), claimants: new Map(claimants) }
}

/** Whether the view is what would be made of these. */
function isOf({ docs, nodes, view }: Memory, { pool, docs: all, livenessOf }: ProjectInput): boolean {
  if (view.pool !== pool) return false
  let here = 0
  for (const [id, doc] of all) {
    if (doc.pool !== pool && doc.kind !== 'fleet') continue
    if (docs.get(id) !== doc) return false
    here++
  }
  if (here !== docs.size) return false
  for (const [id, known] of nodes) if (known.view.liveness !== (known.left ? 'left' : livenessOf(id))) return false
  return true
}

/** Numbers that follow one another as bits without a pattern. */
function mixed(n: number): number {
  const a = Math.imul(n ^ (n >>> 16), 0x7feb352d)
  const b = Math.imul(a ^ (a >>> 15), 0x846ca68b)
  return b ^ (b >>> 16)
}
