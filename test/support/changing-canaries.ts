// Versions that begin with canaries, in a pool that changes at random: for stories that are about that, so that others stay as they were.

import { promotionsOf } from '../../crdt/documents/promotion.ts'
import type { JobView } from '../../crdt/view.ts'
import { type Next, type Story, chance, leastCounts, pick } from './changing-pool.ts'
import { form, makeTask, version } from './view.ts'

/** A new version begins with canaries, is promoted, or waits no longer. */
export function changeCanaries({ view, local }: Story, next: Next): Story {
  const service = [...view.jobs.values()].filter(({ spec }) => spec?.type === 'service' && spec.groups.length > 0)
  if (service.length === 0) return { view, local }
  const job = pick(service, next)
  const { promoted: _, ...unpromoted } = job
  const forms = new Map([...job.forms].map(([group]) => [group, form(pick(['f1', 'f2'], next))]))
  const isWord = job.ordering !== undefined && chance(next, 0.5)
  const changed = isWord
    ? chance(next, 0.8)
      ? { ...job, promoted: new Map([...forms].map(([group, one]) => [group, [one]])) }
      : unpromoted
    : withCanaries(job, forms, next)
  return { view: { ...view, jobs: new Map(view.jobs).set(job.id, changed) }, local }
}

function withCanaries(job: JobView, forms: JobView['forms'], next: Next): JobView {
  const before = { spec: job.spec!, forms: job.forms, version: job.version, orders: 1, leastCounts: leastCounts(job.spec!, next) }
  const groups = job.spec!.groups.map((group) => ({
    ...group,
    update: { ...group.update, canary: pick([1, 2, 9], next), ...(chance(next, 0.3) ? { autoPromote: true as const } : {}) },
    tasks: [makeTask({ resources: { cpuMhz: pick([50, 150], next), memoryMib: 32 } })],
  }))
  const spec = { ...job.spec!, groups }
  const newest = { spec, forms, version: version(job.version.count + 1), orders: 1, leastCounts: leastCounts(spec, next) }
  const ordering = [newest, before].map((one, at) => ({ version: at, promotions: promotionsOf(one.spec) }))
  return { ...job, spec, forms, version: newest.version, versions: [newest, before], ordering }
}
