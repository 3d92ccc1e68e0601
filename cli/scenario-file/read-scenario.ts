// A scenario file's text → what is to be played, or every fault with its place. Job files are named, not read: that is the command's
// part, as it is the one that knows files.

import { isDeviceKey, isDeviceWord } from '../../crdt/devices.ts'
import type { ScenarioBoard } from '../../simulator/scenario/scenario.ts'
import { boardsMax, expandName } from '../../simulator/scenario/choose.ts'
import { type NodeId, isName, keyOfPeerId, nameRule } from '../../crdt/ids.ts'
import { type FileFault, byPosition } from '../job-file/fault.ts'
import { Reader } from '../job-file/reader.ts'
import { type PathParts, readSource } from '../job-file/source.ts'
import { type SchemaFault, compile, fault, validateShape } from '../job-file/validate.ts'
import { type Told, checkInTime, checkSwitches } from './in-time.ts'
import { type Complain, type ScenarioPlan, checkVia } from './plan.ts'
import { scenarioSchema } from './schema.ts'
import { readTimeline } from './timeline.ts'

export type ScenarioFile =
  | { readonly ok: true; readonly plan: ScenarioPlan }
  | { readonly ok: false; readonly faults: readonly FileFault[] }

/** Played on after the last thing that happens, unless the file says how long. */
const afterLastMs = 120_000

const checkShape = compile(scenarioSchema())

export function readScenario(file: string, text: string): ScenarioFile {
  const source = readSource(file, text, 'scenario')
  if (source.value === null && source.faults.length > 0) return { ok: false, faults: source.faults }
  const shape = validateShape(source, checkShape)
  // What follows reads values by their shape; with a wrong one there is nothing to read.
  if (shape.length > 0 || source.faults.length > 0) return failed([...source.faults, ...shape])
  const faults: SchemaFault[] = []
  const complain = (parts: PathParts, found: string, allowed: string): void => {
    faults.push(fault(source, parts, found, allowed))
  }
  const root = new Reader(source, source.value, [])
  const boards = readBoards(root, complain)
  const told = [...readJobs(root, boards, complain), ...readTimeline(source, boards, complain)].toSorted(
    (a, b) => a.step.atMs - b.step.atMs,
  )
  const joins = root.list('boards').map((entry) => entry.duration('joins', 0))
  const durationMs = root.duration('duration', Math.max(told.at(-1)?.step.atMs ?? 0, ...joins) + afterLastMs)
  checkInTime(told, joins, durationMs, complain)
  checkSwitches(told, boards, complain)
  if (faults.length > 0) return failed(faults)
  const links = root.block('links')
  const plan: ScenarioPlan = {
    name: root.text('scenario', file),
    durationMs,
    delayMs: links.duration('delay', 20),
    lossPercent: links.integer('loss', 0),
    seed: root.integer('seed', 1),
    boards,
    steps: told.map(({ step }) => step),
  }
  return { ok: true, plan }
}

function failed(faults: readonly (FileFault | SchemaFault)[]): ScenarioFile {
  return {
    ok: false,
    faults: faults
      .map(({ file, line, column, path, found, allowed }) => ({ file, line, column, path, found, allowed }))
      .toSorted(byPosition),
  }
}

/** Files of theirs are nobody's business here, as long as no two have one. */
function devicesOf(entry: Reader, board: number, complain: Complain): Pick<ScenarioBoard, 'devices'> {
  const devices = entry.list('devices').flatMap((one, index): NonNullable<ScenarioBoard['devices']> => {
    const name = one.text('name', '')
    const [vendor = '', type = '', model = '', more] = name.split('/')
    const key = one.text('key', `device-${index}`)
    const isSound = [vendor, type, model].every(isDeviceWord) && more === undefined && isDeviceKey(key)
    if (!isSound)
      complain(
        ['boards', board, 'devices', index, 'name'],
        `'${name}', '${key}'`,
        'vendor/type/model, and a key of letters, digits and . : @ _ -',
      )
    return isSound ? [{ key, type, vendor, model, attributes: one.texts('attributes'), path: `/dev/${key}` }] : []
  })
  return devices.length === 0 ? {} : { devices }
}

function readBoards(root: Reader, complain: Complain): ScenarioBoard[] {
  const boards: ScenarioBoard[] = []
  const taken = new Set<string>()
  for (const [index, entry] of root.list('boards').entries()) {
    const at: PathParts = ['boards', index, 'name']
    const rest = {
      pool: entry.word('pool', 'default'),
      labels: entry.texts('labels'),
      attributes: entry.texts('attributes'),
      capacity: { cpuMhz: entry.clock('cpu', 4_000), memoryMib: entry.size('memory', 1_024), diskMib: entry.size('disk', 8_192) },
      drivers: driversOf(entry),
      ...devicesOf(entry, index, complain),
      kbitPerS: entry.has('bandwidth') ? entry.rate('bandwidth', 1) : null,
      joinsMs: entry.duration('joins', 0),
    }
    const id = entry.has('id') ? entry.text('id', '') : null
    if (id !== null && (keyOfPeerId(id) === null || boards.some((board) => board.id === id)))
      complain(['boards', index, 'id'], `'${id}'`, 'the id of a real board (12D3KooW…), each once')
    const names = expandName(entry.text('name', ''))
    if (id !== null && names.length > 1) complain(['boards', index, 'id'], `one id for ${names.length} boards`, 'an id of its own for each')
    for (const name of names) {
      if (!isName(name) || name === 'all' || name === 'others')
        complain(at, `'${name}'`, `a board's name (${nameRule}), not 'all' or 'others'`)
      else if (taken.has(name)) complain(at, `'${name}' a second time`, 'each name once')
      taken.add(name)
      boards.push({ name, id: id as NodeId | null, ...rest })
      if (boards.length > boardsMax) {
        complain(at, `more than ${boardsMax} boards`, `at most ${boardsMax}`)
        return boards
      }
    }
  }
  if (boards.length === 0) complain(['boards'], 'no boards', 'one at least')
  return boards
}

function driversOf(entry: Reader): ScenarioBoard['drivers'] {
  const said = entry.textList('drivers')
  return said === null ? ['docker', 'raw_exec'] : (said as ScenarioBoard['drivers'])
}

function readJobs(root: Reader, boards: readonly ScenarioBoard[], complain: Complain): Told[] {
  return root.list('jobs').map((entry, index) => {
    const via = entry.has('via') ? entry.text('via', '') : null
    checkVia(via, boards, ['jobs', index, 'via'], complain)
    const step = { atMs: entry.duration('at', 0), kind: 'run-file', file: entry.text('file', ''), via } as const
    if (!entry.has('placed')) return { step, at: ['jobs', index] }
    if (entry.has('at')) complain(['jobs', index, 'at'], "'at' beside placed", 'one of them: what is placed runs already at 0:00')
    const placed = new Map(Object.entries(entry.texts('placed')))
    for (const [slot, board] of placed) checkVia(board, boards, ['jobs', index, 'placed', slot], complain)
    return { step: { ...step, placed }, at: ['jobs', index] }
  })
}
