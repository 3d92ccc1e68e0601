// What came to be drawn later takes nothing from the generators of what was drawn before: without it the plans are what they were, and
// each of it is in some plans only.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawPlan } from '../../../simulator/chaos/draw.ts'
import type { ChaosEvent, ChaosPlan } from '../../../simulator/chaos/plan.ts'
import { planHash } from '../../../simulator/chaos/plan-hash.ts'
import { hashText, mixHash } from '../../../simulator/chaos/search.ts'

const isNew = (name: string): boolean => name.startsWith('n')

/** `drawComing` evicts a board that has gone within a minute. */
function isLater(event: ChaosEvent): boolean {
  switch (event.kind) {
    case 'node-leave':
    case 'node-replace':
    case 'unwell':
    case 'death':
    case 'disk-error':
    case 'tails':
    case 'long-cut':
    case 'compact':
    case 'key-grant':
    case 'key-use':
    case 'key-revoke':
      return true
    case 'malice':
      return event.how === 'forged-actors' || event.how === 'false-links' || event.how === 'old-epochs'
    case 'node':
      return event.sparesSystem === true
    case 'leave':
      return event.evictAfterMs >= 60_000
    case 'join':
    case 'kill':
      return isNew(event.board)
    default:
      return false
  }
}

function withoutChecks(event: ChaosEvent): ChaosEvent {
  if (event.kind !== 'run') return event
  return JSON.parse(JSON.stringify(event, (key: string, value: unknown) => (key === 'checks' ? undefined : value))) as ChaosEvent
}

/** Whoever sends epochs that are over has a board with an older disk for it soon after. */
function hasForged({ events }: ChaosPlan, event: ChaosEvent): boolean {
  const forged = events.find((one) => one.kind === 'malice' && one.how === 'old-epochs')
  return forged !== undefined && event === events.find((one) => one.kind === 'old-disk' && one.at >= forged.at + 1_000)
}

function asBefore({ core: _core, ...plan }: ChaosPlan): ChaosPlan {
  const boards = plan.boards.filter(({ name }) => !isNew(name))
  return {
    ...plan,
    boards,
    events: plan.events.filter((event) => event.at <= plan.chaosMs && !isLater(event) && !hasForged(plan, event)).map(withoutChecks),
  }
}

const hundred = Array.from({ length: 100 }, (_, i) => drawPlan(13_101 + i))

test('without boards that leave or are replaced, without checks, and without what faults came last, plans are those of the ledger', () => {
  const hash = hundred.reduce((mixed, plan) => mixHash(mixed, planHash(asBefore(plan))), 0)
  // The line of 13101..13200, from before there was any of it.
  assert.equal(hashText(hash), '4e677ae1')
})

test('each is in some plans, and most plans have none', () => {
  const has = (isIt: (event: ChaosEvent) => boolean): number => hundred.filter(({ events }) => events.some(isIt)).length
  const counts = [
    has(({ kind }) => kind === 'node-leave'),
    has(({ kind }) => kind === 'node-replace'),
    has(({ kind }) => kind === 'unwell'),
    has(({ kind }) => kind === 'death'),
    has(({ kind }) => kind === 'disk-error'),
    has(({ kind }) => kind === 'tails'),
    has(({ kind }) => kind === 'long-cut'),
    has(({ kind }) => kind === 'compact'),
    has(({ kind }) => kind === 'key-revoke'),
    has((event) => event.kind === 'malice' && event.how === 'false-links'),
    hundred.filter(({ core }) => core !== undefined).length,
    has((event) => event.kind === 'run' && event.spec.groups.some(({ tasks }) => tasks.some(({ checks }) => checks !== undefined))),
    has((event) => event.kind === 'node' && event.sparesSystem === true),
  ]
  assert.ok(
    counts.every((count) => count > 0 && count < 50),
    counts.join(),
  )
})
