// What an operator wants to see happen: boards, jobs, and a timeline of faults and orders. Names are whole here; groups such as
// `site=north` were resolved by whoever read the file (`choose.ts` says how).

import type { JobId } from '../../crdt/ids.ts'
import type { Resources } from '../../crdt/view.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import type { TaskDriver } from '../../node/core/ports.ts'

export interface ScenarioBoard {
  readonly name: string
  readonly pool: string
  readonly labels: Readonly<Record<string, string>>
  readonly attributes: Readonly<Record<string, string>>
  readonly capacity: Resources
  readonly drivers: readonly TaskDriver['name'][]
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
  /** In order of time; what has the same time happens in the order of the file. */
  readonly timeline: readonly ScenarioEvent[]
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
  | { readonly kind: 'kill' | 'start' | 'power-cut' | 'power-on' | 'disk-full' | 'disk-free'; readonly boards: readonly string[] }
  | { readonly kind: 'pause'; readonly boards: readonly string[]; readonly forMs: number }
  | { readonly kind: 'crash'; readonly job: JobId; readonly boards: readonly string[] }
  | { readonly kind: 'image-missing' | 'image-found'; readonly image: string; readonly boards: readonly string[] }
  | { readonly kind: 'run'; readonly spec: JobSpec; readonly via: string | null }
  | { readonly kind: 'stop' | 'remove'; readonly job: JobId; readonly via: string | null }
  | { readonly kind: 'drain' | 'undrain'; readonly boards: readonly string[]; readonly via: string | null }

/** One line for people. */
export function actionText(action: ScenarioAction): string {
  switch (action.kind) {
    case 'cut':
      return `cut ${listed(action.from)} ${action.oneWay ? '→' : '⟷'} ${listed(action.to)}`
    case 'heal':
      return `heal ${listed(action.from)} ⟷ ${listed(action.to)}`
    case 'pause':
      return `pause ${listed(action.boards)} for ${action.forMs / 1_000} s`
    case 'crash':
      return `crash ${action.job} on ${listed(action.boards)}`
    case 'image-missing':
    case 'image-found':
      return `${action.kind} ${action.image} on ${listed(action.boards)}`
    case 'run':
      return `run ${action.spec.namespace}/${action.spec.name}${viaText(action.via)}`
    case 'stop':
    case 'remove':
      return `${action.kind} ${action.job}${viaText(action.via)}`
    case 'drain':
    case 'undrain':
      return `${action.kind} ${listed(action.boards)}${viaText(action.via)}`
    default:
      return `${action.kind} ${listed(action.boards)}`
  }
}

/** More names than this are told by their number. */
const namesShownMax = 4

function listed(names: readonly string[]): string {
  return names.length <= namesShownMax
    ? names.join(', ')
    : `${names.slice(0, namesShownMax - 1).join(', ')} and ${names.length - namesShownMax + 1} more`
}

function viaText(via: string | null): string {
  return via === null ? '' : ` (said at ${via})`
}
