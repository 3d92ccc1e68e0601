import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Doc } from '../../../crdt/doc.ts'
import { specToRegisters } from '../../../crdt/documents/job.ts'
import { type NodeRecord, nodeToRegisters } from '../../../crdt/documents/node.ts'
import type { DocId, DocKind, NodeId } from '../../../crdt/ids.ts'
import { createReader } from '../../../crdt/engine.ts'
import { createProjector } from '../../../crdt/project.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { viewHash } from '../../../crdt/view-hash.ts'
import { testCrypto } from '../../support/crypto.ts'
import { edit, merge, newDoc, testPool } from '../../support/edit.ts'
import { anyRecord, recordNodes } from '../../support/record-arbitraries.ts'
import { sampleJob } from '../../../simulator/sample-job.ts'

const crypto = testCrypto()
const alive = () => 'alive' as const

/** A document at rest, without the cost of making its history: projecting reads nothing but the registers of these kinds. */
function atRest(id: string, kind: DocKind, registers: ReadonlyMap<string, Scalar>): Doc {
  return { ...newDoc(id), kind, registers }
}

const nodeDocs = fc.tuple(...recordNodes.map((node) => anyRecord(node).map((record): [NodeId, NodeRecord] => [node, record])))
const ops = fc.record({ eligible: fc.boolean(), weight: fc.integer({ min: -100, max: 100 }) })

test('equal documents give the same view and hash, whatever order they and their registers came in', () => {
  fc.assert(
    fc.property(nodeDocs, ops, fc.infiniteStream(fc.nat()), (records, wishes, order) => {
      const shuffled = <T>(list: readonly T[]): T[] =>
        list
          .map((one) => [order.next().value as number, one] as const)
          .sort(([a], [b]) => a - b)
          .map(([, one]) => one)
      const docs = (): Map<DocId, Doc> => {
        const all = records.map(([node, record]) => atRest(`node/${node}`, 'node', new Map(shuffled([...nodeToRegisters(record)]))))
        all.push(atRest(`ops/${recordNodes[0]}`, 'ops', new Map(Object.entries(wishes))))
        return new Map(shuffled(all).map((doc) => [doc.id, doc]))
      }
      const [a, b] = [docs(), docs()].map((one) => createProjector(createReader(crypto))({ pool: testPool, docs: one, livenessOf: alive }))
      assert.ok(a !== undefined && b !== undefined)
      assert.deepEqual(a, b)
      assert.equal(viewHash(crypto, a), viewHash(crypto, b))
    }),
    { numRuns: 60 },
  )
})

test('a view made step by step is the view made at once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.option(anyRecord(recordNodes[0] as NodeId))), { maxLength: 8 }),
      (steps) => {
        const projector = createProjector(createReader(crypto))
        const docs = new Map<DocId, Doc>()
        for (const [index, record] of steps) {
          const id = `node/${recordNodes[index]}`
          if (record === null) docs.delete(id as DocId)
          else docs.set(id as DocId, atRest(id, 'node', nodeToRegisters(record)))
          const input = { pool: testPool, docs, livenessOf: alive }
          const [stepwise, atOnce] = [projector(input), createProjector(createReader(crypto))(input)]
          assert.deepEqual(stepwise, atOnce)
          assert.equal(viewHash(crypto, stepwise), viewHash(crypto, atOnce))
        }
      },
    ),
    { numRuns: 60 },
  )
})

test('two sides that edit different fields of a job: both in force after the merge, on both sides alike', () => {
  const fields = [
    ['spec/priority', 77],
    ['spec/groups/web/count', 9],
    ['spec/groups/web/disk_mib', 500],
    ['spec/groups/web/tasks/app/env/A', 'x'],
    ['spec/groups/web/disconnect/replace', false],
    ['spec/meta/owner', 'me'],
    ['state/desired', 'stopped'],
  ] as const
  const base = edit(newDoc('job/default/shop'), 1, specToRegisters(sampleJob()))
  fc.assert(
    fc.property(fc.shuffledSubarray([...fields], { minLength: 2 }), fc.nat(), (chosen, cut) => {
      const at = 1 + (cut % (chosen.length - 1))
      const [left, right] = [
        edit(base.doc, 2, Object.fromEntries(chosen.slice(0, at))),
        edit(base.doc, 3, Object.fromEntries(chosen.slice(at))),
      ]
      const [a, b] = [merge(left.doc, right), merge(right.doc, left)]
      for (const [path, value] of chosen) assert.equal(a.registers.get(path), value)
      const [one, other] = [a, b].map((doc) =>
        createProjector(createReader(crypto))({ pool: testPool, docs: new Map([[doc.id, doc]]), livenessOf: alive }),
      )
      assert.ok(one !== undefined && other !== undefined)
      assert.deepEqual(one, other)
      assert.equal(viewHash(crypto, one), viewHash(crypto, other))
      assert.deepEqual(
        [...one.jobs.values()].flatMap((job) => job.problems),
        [],
      )
    }),
    { numRuns: 25 },
  )
})
