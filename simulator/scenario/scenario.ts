// What an operator wants to see happen: boards, jobs, and a timeline of faults and orders. Names are whole here; groups such as
// `site=north` were resolved by whoever read the file (`choose.ts` says how).

import type { JobId, NodeId, SlotId } from '../../crdt/ids.ts'
import type { Resources } from '../../crdt/view.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import type { FoundDevice, TaskDriver } from '../../node/core/ports.ts'

export interface ScenarioBoard {
  readonly name: string
  /** Of a real board, so that ties are broken as they are there; null: any. */
  readonly id: NodeId | null
  readonly pool: string
  readonly labels: Readonly<Record<string, string>>
  readonly attributes: Readonly<Record<string, string>>
  readonly capacity: Resources
  readonly drivers: readonly TaskDriver['name'][]
  /** Plugged in from the beginning to the end. Absent: none. */
  readonly devices?: readonly FoundDevice[]
  /** Of the line that it is behind, both ways together; null: wide. */
  readonly kbitPerS: number | null
  /** Switched on for the first time; 0: with the others. */
  readonly joinsMs: number
}

export interface Scenario {
  readonly name: string
  readonly durationMs: number
  /** One way, between any two boards. */
  readonly delayMs: number
  /** Chance that a gossip message is lost on its way to one board, percent. */
  readonly lossPercent: number
  readonly seed: number
  readonly boards: readonly ScenarioBoard[]
  readonly placed?: readonly PlacedJob[]
  /** In order of time; what has the same time happens in the order of the file. */
  readonly timeline: readonly ScenarioEvent[]
}

/** A job that runs already at 0:00, and where. */
export interface PlacedJob {
  readonly spec: JobSpec
  readonly via: string | null
  /** `group/index` → the board that runs it; of a slot that is not named, nobody said where. */
  readonly slots: ReadonlyMap<string, string>
}

/** Both sides of something that happens to links; each board of one with each of the other. */
export interface Sides {
  readonly from: readonly string[]
  readonly to: readonly string[]
}

export type ScenarioEvent = { readonly atMs: number } & ScenarioAction

export type ScenarioAction =
  | (Sides & { readonly kind: 'cut'; readonly oneWay: boolean })
  | (Sides & { readonly kind: 'heal' })
  | {
      readonly kind:
        | 'kill'
        | 'start'
        | 'power-cut'
        | 'power-on'
        | 'disk-full'
        | 'disk-read-only'
        | 'disk-broken'
        | 'disk-free'
        | 'new-address'
      readonly boards: readonly string[]
    }
  /** `kbitPerS` null: as wide as any. */
  | { readonly kind: 'uplink'; readonly boards: readonly string[]; readonly kbitPerS: number | null }
  /** On top of what `links` says; both 0: as that says. */
  | (Sides & { readonly kind: 'line'; readonly delayMs: number; readonly lossPercent: number })
  | { readonly kind: 'dns'; readonly boards: readonly string[]; readonly state: DnsState }
  | { readonly kind: 'pause'; readonly boards: readonly string[]; readonly forMs: number }
  | { readonly kind: 'crash'; readonly job: JobId; readonly boards: readonly string[] }
  | { readonly kind: 'image-missing' | 'image-found'; readonly image: string; readonly boards: readonly string[] }
  | { readonly kind: 'run'; readonly spec: JobSpec; readonly via: string | null }
  | { readonly kind: 'stop' | 'remove'; readonly job: JobId; readonly via: string | null }
  | {
      readonly kind: 'drain' | 'undrain' | 'eligible' | 'ineligible' | 'evict' | 'unevict'
      readonly boards: readonly string[]
      readonly via: string | null
    }
  | { readonly kind: 'scale'; readonly job: JobId; readonly group: string; readonly count: number; readonly via: string | null }
  /** What runs in the slot is to go, and the slot is placed anew. */
  | { readonly kind: 'stop-copy'; readonly slot: SlotId; readonly via: string | null }

/** What a lookup of a bootstrap name gives: an answer, none, somebody else's address, nothing for ever. */
export const dnsStates = ['works', 'broken', 'wrong', 'hangs'] as const
export type DnsState = (typeof dnsStates)[number]

/** One line for people. */
export function actionText(action: ScenarioAction): string {
  switch (action.kind) {
    case 'cut':
      return `cut ${between(action, action.oneWay ? '→' : '⟷')}`
    case 'heal':
      return `heal ${between(action, '⟷')}`
    case 'uplink':
      return `${listed(action.boards)} ${action.kbitPerS === null ? 'on a wide line again' : `on a line of ${action.kbitPerS} kbit/s`}`
    case 'line':
      return `line ${listed(action.from)} ⟷ ${listed(action.to)}${lineText(action)}`
    case 'dns':
      return `dns ${action.state} for ${listed(action.boards)}`
    case 'pause':
      return `pause ${listed(action.boards)} for ${action.forMs / 1_000} s`
    case 'crash':
      return `crash ${action.job} on ${listed(action.boards)}`
    case 'image-missing':
    case 'image-found':
      return `${action.kind} ${action.image} on ${listed(action.boards)}`
    case 'run':
      return `run ${action.spec.namespace}/${action.spec.name}${action.spec.pool === 'default' ? '' : ` in ${action.spec.pool}`}${viaText(action.via)}`
    case 'stop':
    case 'remove':
      return `${action.kind} ${action.job}${viaText(action.via)}`
    case 'scale':
      return `scale ${action.job}/${action.group} to ${action.count}${viaText(action.via)}`
    case 'stop-copy':
      return `stop copy ${action.slot}${viaText(action.via)}`
    case 'drain':
    case 'undrain':
    case 'eligible':
    case 'ineligible':
    case 'evict':
    case 'unevict':
      return `${action.kind} ${listed(action.boards)}${viaText(action.via)}`
    default:
      return `${action.kind} ${listed(action.boards)}`
  }
}

/** The same boards on both sides are named once. */
function between({ from, to }: Sides, way: string): string {
  if (from.length !== to.length || from.some((name) => !to.includes(name))) return `${listed(from)} ${way} ${listed(to)}`
  return `every link among ${from.length <= namesShownMax ? listed(from) : `${from.length} boards`}`
}

function lineText({ delayMs, lossPercent }: Extract<ScenarioAction, { kind: 'line' }>): string {
  const parts = [
    ...(delayMs > 0 ? [`${delayMs / 1_000} s more each way`] : []),
    ...(lossPercent > 0 ? [`${lossPercent} % more is lost`] : []),
  ]
  return parts.length === 0 ? ' as before' : `: ${parts.join(', ')}`
}

/** More names than this are told by their number. */
const namesShownMax = 4

export function listed(names: readonly string[]): string {
  return names.length <= namesShownMax
    ? names.join(', ')
    : `${names.slice(0, namesShownMax - 1).join(', ')} and ${names.length - namesShownMax + 1} more`
}

function viaText(via: string | null): string {
  return via === null ? '' : ` (said at ${via})`
}
