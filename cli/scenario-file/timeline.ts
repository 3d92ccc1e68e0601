// The timeline of a scenario file: what each entry means, and what its keys mean together.

import { jobId, slotId } from '../../crdt/ids.ts'
import { chooseBoards } from '../../simulator/scenario/choose.ts'
import type { DnsState, ScenarioAction, ScenarioBoard, Sides } from '../../simulator/scenario/scenario.ts'
import { Reader } from '../job-file/reader.ts'
import { type PathParts, type Source } from '../job-file/source.ts'
import { nearest } from '../job-file/suggest.ts'
import { valueAt } from '../job-file/validate.ts'
import type { Told } from './in-time.ts'
import { type Complain, type ScenarioPlan, checkVia } from './plan.ts'
import { type ActionKey, actionKeys } from './schema.ts'

type Steps = ScenarioPlan['steps']
type Action = Exclude<ScenarioAction, { kind: 'run' }>

/** What may, and what must, stand beside an action. */
const companions: { readonly [Key in ActionKey]?: { readonly must?: readonly string[]; readonly may?: readonly string[] } } = {
  cut: { may: ['one_way'] },
  flap: { must: ['every', 'for'], may: ['one_way'] },
  pause: { must: ['for'] },
  uplink: { may: ['bandwidth'] },
  line: { may: ['delay', 'loss'] },
  dns: { may: ['on'] },
  crash: { may: ['on'] },
  image_missing: { may: ['on'] },
  image_found: { may: ['on'] },
  run: { may: ['via'] },
  stop: { may: ['via'] },
  remove: { may: ['via'] },
  drain: { may: ['via'] },
  undrain: { may: ['via'] },
  eligible: { may: ['via'] },
  ineligible: { may: ['via'] },
  evict: { may: ['via'] },
  unevict: { may: ['via'] },
  scale: { must: ['count'], may: ['via'] },
  stop_copy: { may: ['via'] },
}

/** A flap is that many cuts at most: an hour of half-second ones. */
const flapsMax = 7_200

export function readTimeline(source: Source, boards: readonly ScenarioBoard[], complain: Complain): Told[] {
  const root = new Reader(source, source.value, [])
  return root.list('timeline').flatMap((entry, index): Told[] => {
    const parts: PathParts = ['timeline', index]
    const action = actionOf(source, entry, parts, complain)
    if (action === null) return []
    return stepsOf(new Entry(source, entry, parts, boards, complain), action).map((step) => ({ step, at: parts }))
  })
}

/** The one key that says what happens, if its company is right. */
function actionOf(source: Source, entry: Reader, parts: PathParts, complain: Complain): ActionKey | null {
  const [action, second] = actionKeys.filter((key) => entry.has(key))
  if (action === undefined) {
    complain(parts, 'nothing that happens', `one of ${actionKeys.join(', ')}`)
    return null
  }
  if (second !== undefined) {
    complain([...parts, second], `'${action}' and '${second}'`, 'one of them; what happens at the same time is an entry of its own')
    return null
  }
  const { must = [], may = [] } = companions[action] ?? {}
  for (const key of must) if (!entry.has(key)) complain([...parts, action], `${action} without '${key}'`, `'${key}' beside it`)
  for (const key of Object.keys(valueAt(source.value, parts) as object)) {
    const fits = key === 'at' || key === action || must.includes(key) || may.includes(key)
    if (!fits) complain([...parts, key], `'${key}' beside ${action}`, ['at', ...must, ...may].join(', '))
  }
  return action
}

function stepsOf(entry: Entry, action: ActionKey): Steps {
  const { atMs, reader } = entry
  const one = (step: Action): Steps => [{ atMs, ...step }]
  switch (action) {
    case 'cut':
      return one({ kind: 'cut', ...entry.sides(action), oneWay: reader.flag('one_way', false) })
    case 'heal':
      return one({ kind: 'heal', ...entry.healed() })
    case 'flap':
      return entry.flaps()
    case 'pause':
      return one({ kind: 'pause', boards: entry.boards(action), forMs: reader.duration('for', 0) })
    case 'uplink':
      return one({ kind: 'uplink', boards: entry.boards(action), kbitPerS: reader.has('bandwidth') ? reader.rate('bandwidth', 1) : null })
    case 'line':
      return one({ kind: 'line', ...entry.sides(action), delayMs: reader.duration('delay', 0), lossPercent: reader.integer('loss', 0) })
    case 'dns':
      return one({ kind: 'dns', boards: entry.boards('on'), state: reader.word<DnsState>('dns', 'works') })
    case 'crash':
      return one({ kind: 'crash', job: jobOf(reader.text('crash', '')), boards: entry.boards('on') })
    case 'image_missing':
    case 'image_found':
      return one({ kind: dashed(action), image: reader.text(action, ''), boards: entry.boards('on') })
    case 'run':
      return [{ atMs, kind: 'run-file', file: reader.text('run', ''), via: entry.via() }]
    case 'stop':
    case 'remove':
      return one({ kind: action, job: jobOf(reader.text(action, '')), via: entry.via() })
    case 'scale':
      return entry.scaled()
    case 'stop_copy':
      return entry.stoppedCopy()
    case 'drain':
    case 'undrain':
    case 'eligible':
    case 'ineligible':
    case 'evict':
    case 'unevict':
      return one({ kind: action, boards: entry.boards(action), via: entry.via() })
    default:
      return one({ kind: dashed(action), boards: entry.boards(action) })
  }
}

function jobOf(text: string): ReturnType<typeof jobId> {
  const [first = '', ...rest] = text.split('/')
  return rest.length === 0 ? jobId('default', first) : jobId(first, rest.join('/'))
}

/** Keys are written with `_`, kinds with `-`. */
function dashed<Key extends string>(key: Key): Dashed<Key> {
  return key.replaceAll('_', '-') as Dashed<Key>
}

type Dashed<Key extends string> = Key extends `${infer Before}_${infer After}` ? `${Before}-${Dashed<After>}` : Key

/** One entry of the timeline, read with the boards that the file knows. */
class Entry {
  readonly atMs: number
  readonly reader: Reader
  readonly #source: Source
  readonly #parts: PathParts
  readonly #boards: readonly ScenarioBoard[]
  readonly #complain: Complain

  constructor(source: Source, reader: Reader, parts: PathParts, boards: readonly ScenarioBoard[], complain: Complain) {
    this.#source = source
    this.reader = reader
    this.#parts = parts
    this.#boards = boards
    this.#complain = complain
    this.atMs = reader.duration('at', 0)
  }

  via(): string | null {
    const via = this.reader.has('via') ? this.reader.text('via', '') : null
    checkVia(via, this.#boards, [...this.#parts, 'via'], this.#complain)
    return via
  }

  /** Everybody when the key is not there. */
  boards(key: string): string[] {
    const words = this.reader.has(key) ? this.#words([key]) : ['all']
    return this.#chosen(words, [key])
  }

  /** Who is on both sides is cut off from the others of them: `[shop-1, all]`, `[all, all]`. */
  sides(key: string): Sides {
    const [first, second] = [this.#words([key, 0]), this.#words([key, 1])]
    const named = (words: readonly string[], at: number): string[] =>
      this.#chosen(
        words.filter((word) => word !== 'others'),
        [key, at],
      )
    const [left, right] = [named(first, 0), named(second, 1)]
    const from = first.includes('others') ? this.#except(right) : left
    const to = second.includes('others') ? this.#except(left) : right
    const isPair = from.some((a) => to.some((b) => a !== b))
    // A word that means nobody has been told of.
    const isKnown = (words: readonly string[], chosen: readonly string[]): boolean => words.includes('others') || chosen.length > 0
    if (!isPair && isKnown(first, left) && isKnown(second, right))
      this.#complain([...this.#parts, key], 'a board and itself', 'two sides with a board each that the other is not')
    return { from, to }
  }

  healed(): Sides {
    const said = valueAt(this.#source.value, [...this.#parts, 'heal'])
    const everybody = this.#boards.map(({ name }) => name)
    if (said === 'all') return { from: everybody, to: everybody }
    return this.sides('heal')
  }

  /** `web/main`, or with a namespace before it. */
  scaled(): Steps {
    const parts = this.reader.text('scale', '').split('/')
    const group = parts.pop() ?? ''
    if (parts.length === 0 || parts.length > 2 || group === '') return this.#refuse('scale', 'a group of a job, such as web/main')
    return [{ atMs: this.atMs, kind: 'scale', job: jobOf(parts.join('/')), group, count: this.reader.integer('count', 0), via: this.via() }]
  }

  /** `web/main/0`, or with a namespace before it. */
  stoppedCopy(): Steps {
    const parts = this.reader.text('stop_copy', '').split('/')
    const [group = '', index = ''] = parts.splice(-2)
    if (parts.length === 0 || parts.length > 2 || !/^\d{1,6}$/.test(index))
      return this.#refuse('stop_copy', 'a slot of a job, such as web/main/0')
    return [{ atMs: this.atMs, kind: 'stop-copy', slot: slotId(jobOf(parts.join('/')), group, Number(index)), via: this.via() }]
  }

  #refuse(key: string, allowed: string): Steps {
    this.#complain([...this.#parts, key], `'${this.reader.text(key, '')}'`, allowed)
    return []
  }

  /** Half of each period the link is cut. */
  flaps(): Steps {
    const sides = this.sides('flap')
    const oneWay = this.reader.flag('one_way', false)
    const [everyMs, forMs] = [this.reader.duration('every', 1), this.reader.duration('for', 0)]
    const count = Math.ceil(forMs / Math.max(1, everyMs))
    if (everyMs < 2 || count > flapsMax) {
      this.#complain([...this.#parts, 'every'], `${count} cuts`, `2ms or more, and at most ${flapsMax} cuts in all`)
      return []
    }
    return Array.from({ length: count }, (_, at) => this.atMs + at * everyMs).flatMap((atMs) => [
      { atMs, kind: 'cut' as const, ...sides, oneWay },
      { atMs: atMs + (everyMs >> 1), kind: 'heal' as const, ...sides },
    ])
  }

  #words(path: PathParts): string[] {
    const value = valueAt(this.#source.value, [...this.#parts, ...path])
    return (Array.isArray(value) ? value : [value]) as string[]
  }

  #except(names: readonly string[]): string[] {
    return this.#boards.map(({ name }) => name).filter((name) => !names.includes(name))
  }

  #chosen(words: readonly string[], path: PathParts): string[] {
    const chosen = new Set<string>()
    for (const word of words) {
      const meant = chooseBoards(this.#boards, word)
      for (const name of meant) chosen.add(name)
      if (meant.length > 0) continue
      const names = this.#boards.map(({ name }) => name)
      const near = nearest(word, names)
      const hint = near === null ? '' : ` (did you mean '${near}'?)`
      this.#complain(
        [...this.#parts, ...path],
        `'${word}', which is no board${hint}`,
        'a name, a pattern (shop-*), a label (site=north) or all',
      )
    }
    return this.#boards.map(({ name }) => name).filter((name) => chosen.has(name))
  }
}
