// A run as text: what was done to the boards, and what they said, in order of time.

import type { ChaosEvent } from './plan.ts'
import type { Stage } from './stage.ts'

export function timelineOf(stage: Stage): string[] {
  const lines = stage.witness.notes.map(({ at, what }) => ({ at, text: `* ${what}` }))
  for (const board of [...stage.world.boards.values(), ...stage.witness.twins]) {
    for (const log of board.logs) {
      const [at = '', level = '', ...words] = log.split(' ')
      if (level !== 'debug') lines.push({ at: Number(at), text: `  ${board.spec.name} ${words.join(' ')}` })
    }
    for (const { at, what, slot } of board.trail) lines.push({ at, text: `  ${board.spec.name} ${what === 'start' ? '+' : '-'} ${slot}` })
  }
  lines.sort((a, b) => a.at - b.at)
  const names = [...stage.world.boards.values()].map((board) => [board.spec.id, board.spec.name] as const)
  const named = (text: string): string => names.reduce((words, [id, name]) => words.replaceAll(id, name), text)
  return lines.map(({ at, text }) => `${(at / 1_000).toFixed(3).padStart(9)} ${named(text)}`)
}

/** One line, without the parts that nobody can read. */
export function eventText(event: ChaosEvent): string {
  return sentenceOf(event) ?? fieldsOf(event)
}

function sentenceOf(event: ChaosEvent): string | null {
  switch (event.kind) {
    case 'node-leave': {
      const deadline = event.deadlineMs === null ? 'once it holds nothing' : `after ${event.deadlineMs} ms at the latest`
      const until = event.forMs === null ? '' : `, taken back after ${event.forMs} ms`
      return `at ${event.via}: ${event.board} is to leave the fleet, ${deadline}${until}`
    }
    case 'node-replace':
      return `at ${event.via}: ${event.by} takes the place of ${event.board}`
    case 'unwell': {
      const how = { fails: 'say that they are not well', hangs: 'do not answer', refuses: 'may not be asked' }[event.answer]
      const when = event.periodMs === null ? '' : `, in the first half of each ${event.periodMs} ms`
      return `tasks of ${event.job} on ${event.board ?? 'every board'} ${how} for ${event.forMs} ms${when}`
    }
    default:
      return null
  }
}

function fieldsOf(event: ChaosEvent): string {
  const { at: _, kind, ...rest } = event
  const words = Object.entries(rest).flatMap(([name, value]) => {
    if (name === 'ways') return []
    if (name !== 'spec') return [`${name} ${String(value)}`]
    const [group] = (event as ChaosEvent & { kind: 'run' }).spec.groups
    const { replaceAfterMs, reconcile, partition, replace } = group!.disconnect
    const policy = `replace_after ${replace ? replaceAfterMs : 'never'}, ${reconcile}, ${partition}`
    const checks = group!.tasks.flatMap((task) => task.checks ?? []).map((check) => ` ${check.name}`)
    const asked = checks.length === 0 ? '' : `, checks${checks.join()}`
    return [
      `${(event as ChaosEvent & { kind: 'run' }).spec.name} count ${group!.count} ${group!.tasks[0]?.config.command} (${policy}${asked})`,
    ]
  })
  return [kind, ...words].join(' ')
}
