// Counts what the columns of a change claim before anything expands them: a run length of 300,000 costs its author three bytes.
// Only the columns that register writes need are known here. Values are not decoded, only bounded: Automerge decodes them
// afterwards, and the canonical check (`gate/change.ts`) makes sure that both read the same.

import { readSigned } from './change-head.ts'
import { CodecError, Reader } from './codec.ts'
import { type Result, ok, refuse } from './errors.ts'
import type { GateCode } from './gate/codes.ts'
import { limits } from './limits.ts'

// Column ids: four bits of kind below the number of the column group.
const objectActor = 0x01
const objectCounter = 0x02
const keyText = 0x15
const insert = 0x34
const action = 0x42
const valueHead = 0x56
const valueBytes = 0x57
const predecessorCount = 0x70
const predecessorActor = 0x71
const predecessorCounter = 0x73
const known = new Set([
  objectActor,
  objectCounter,
  keyText,
  insert,
  action,
  valueHead,
  valueBytes,
  predecessorCount,
  predecessorActor,
  predecessorCounter,
])

const actionSet = 1
// Kinds in the low four bits of a value's head: null, false, true, integer (signed), text.
const valueKinds = new Set([0, 1, 2, 4, 6])
/** Eight bytes of LEB128 hold 2^53. */
const integerBytesMax = 8

/** Ends the walk with a code of its own. */
class ColumnFault extends CodecError {
  readonly gateCode: GateCode
  constructor(gateCode: GateCode, message: string) {
    super(message)
    this.gateCode = gateCode
  }
}

/** Walks a run-length column; `each` gets every distinct value with the number of its repetitions. Returns the total. */
function walk(reader: Reader, countMax: number, read: (reader: Reader) => number, each: (value: number, count: number) => void): number {
  let total = 0
  const add = (count: number): void => {
    total += count
    if (total > countMax) throw new ColumnFault('E_OPS', `a column claims more than ${countMax} entries`)
  }
  while (reader.remaining > 0) {
    const run = readSigned(reader)
    if (run === 0) {
      add(reader.varint()) // a run of nothing
    } else if (run > 0) {
      add(run)
      each(read(reader), run)
    } else {
      add(-run)
      for (let left = -run; left > 0; left--) each(read(reader), 1)
    }
  }
  return total
}

const ignore = (): void => undefined
const readUnsigned = (reader: Reader): number => reader.varint()
const readTextLength = (reader: Reader): number => reader.bytes(limits.changeBytesMax).length

function checkAction(value: number): void {
  if (value !== actionSet) throw new ColumnFault('E_OPS', `action ${value}; only setting a register is allowed`)
}

function checkKeyLength(length: number): void {
  if (length > limits.pathBytesMax) throw new ColumnFault('E_KEY', `a path of ${length} bytes; at most ${limits.pathBytesMax}`)
}

function checkValueHead(head: number): number {
  const kind = head % 16
  const length = Math.floor(head / 16)
  if (!valueKinds.has(kind)) throw new ColumnFault('E_VALUE', `value kind ${kind}; only null, booleans, integers and text`)
  const longest = kind === 6 ? limits.stringBytesMax : kind === 4 ? integerBytesMax : 0
  if (length > longest) throw new ColumnFault('E_VALUE', `a value of ${length} bytes; at most ${longest}`)
  return length
}

/** A column of booleans that are all false is one run. Anything else would insert into a list. */
function countFalse(reader: Reader): number {
  const count = reader.varint()
  reader.end()
  return count
}

function walkColumns(column: (id: number) => Reader): number {
  const ops = walk(column(action), limits.changeOpsMax, readUnsigned, checkAction)
  if (ops === 0) throw new ColumnFault('E_OPS', 'a change without operations')
  let bytes = 0
  let predecessors = 0
  const totals = [
    walk(column(objectActor), ops, readUnsigned, ignore),
    walk(column(objectCounter), ops, readUnsigned, ignore),
    walk(column(keyText), ops, readTextLength, checkKeyLength),
    walk(column(valueHead), ops, readUnsigned, (head, count) => (bytes += checkValueHead(head) * count)),
    walk(column(predecessorCount), ops, readUnsigned, (value, count) => (predecessors += value * count)),
    countFalse(column(insert)),
  ]
  if (totals.some((total) => total !== ops)) throw new ColumnFault('E_OPS', 'operations that are not plain writes of registers')
  if (bytes !== column(valueBytes).remaining) throw new CodecError('values are not as long as they say')
  if (predecessors > limits.changePredecessorsMax) throw new ColumnFault('E_OPS', `names ${predecessors} predecessors`)
  const actors = walk(column(predecessorActor), predecessors, readUnsigned, ignore)
  const counters = walk(column(predecessorCounter), predecessors, readSigned, ignore)
  if (actors !== predecessors || counters !== predecessors) throw new CodecError('predecessors are not as many as they say')
  return ops
}

/** The number of operations, or why the change is none that writes registers only. */
export function countOps(columns: ReadonlyMap<number, Uint8Array>): Result<number, GateCode> {
  for (const id of columns.keys()) {
    if ((id & 8) !== 0) return refuse('E_CHUNK', 'a deflated column')
    if (!known.has(id)) return refuse('E_OPS', `column ${id} is not needed to write registers`)
  }
  try {
    return ok(walkColumns((id) => new Reader(columns.get(id) ?? new Uint8Array(0))))
  } catch (error) {
    if (error instanceof ColumnFault) return refuse(error.gateCode, error.message)
    if (error instanceof CodecError) return refuse('E_DECODE', error.message)
    throw error
  }
}
