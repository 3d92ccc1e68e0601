// The plan, printed: for each slot who holds it, who should take it, and what speaks for or against every node.

import type { Reply } from '../../crdt/api-types.ts'
import type { SlotExplanation } from '../../crdt/api-jobs.ts'
import { compareText } from '../../crdt/ids.ts'
import { placeText, slotText } from './allocs.ts'
import { fields } from './fields.ts'
import { runsFields } from './jobs.ts'
import type { Paint } from './paint.ts'
import { reasonText } from './reasons.ts'
import { table } from './table.ts'
import { safe } from './words.ts'

type Candidate = SlotExplanation['nodes'][number]

type Explained = Pick<Reply & { kind: 'explain' }, 'slots' | 'slotsLeftOut' | 'runs'>

export function explainText({ slots, slotsLeftOut, runs }: Explained, paint: Paint): string {
  const times = runs === undefined ? '' : `${fields(runsFields(runs))}\n`
  return times + slotsText(slots, slotsLeftOut, paint)
}

function slotsText(slots: readonly SlotExplanation[], slotsLeftOut: number, paint: Paint): string {
  if (slots.length === 0) return 'nothing is wanted of this job now\n'
  const text = slots.map((slot) => `${slotHead(slot, paint)}${candidates(slot, paint)}${moreNodes(slot)}`).join('\n')
  return slotsLeftOut > 0 ? `${text}\n… and ${slotsLeftOut} more copies\n` : text
}

function moreNodes({ complete, nodesLeftOut }: SlotExplanation): string {
  return nodesLeftOut > 0 && complete === null ? `  … and ${nodesLeftOut} more nodes\n` : ''
}

function slotHead(slot: SlotExplanation, paint: Paint): string {
  const nameOf = (id: string | null): string => safe(slot.nodes.find((node) => node.node === id)?.name ?? id ?? 'nobody')
  if (slot.complete !== null) return `${paint.bold(placeText(slot))}: complete on ${nameOf(slot.complete)}\n`
  const heir = slot.heir !== null && slot.heir !== slot.holder ? `, heir ${nameOf(slot.heir)}` : ''
  const room = slot.displaces === undefined ? '' : ` in the room of ${slot.displaces.map(slotText).join(', ')}`
  const candidate = slot.candidate === null ? '' : `, candidate ${nameOf(slot.candidate)}${room}`
  const reason = slot.reason === null ? '' : `\n  ${paint.warn(reasonText(slot.reason))}`
  return `${paint.bold(placeText(slot))}: holder ${nameOf(slot.holder)}${heir}${candidate}${reason}\n`
}

function candidates(slot: SlotExplanation, paint: Paint): string {
  if (slot.nodes.length === 0 || slot.complete !== null) return ''
  const order = slot.nodes.toSorted((a, b) => (b.score ?? -Infinity) - (a.score ?? -Infinity) || compareText(a.name, b.name))
  const text = table<Candidate>(
    [
      { head: '  NODE', text: (node) => `  ${node.name}` },
      { head: 'SCORE', text: (node) => (node.score === null ? '-' : String(node.score)), right: true },
      { head: 'RANK', text: (node) => (node.rank === null ? '-' : String(node.rank)), right: true },
      {
        head: 'REJECTED',
        text: (node) => (node.rejected === null ? '-' : reasonText(node.rejected)),
        paint: (cell, node) => (node.rejected === null ? cell : paint.warn(cell)),
      },
    ],
    order,
    paint,
  )
  return text
}

/** Why a roll-out did not finish: one line a slot, the commonest rejections with it. */
export function shortReasons(slots: readonly SlotExplanation[]): readonly string[] {
  return slots
    .filter((slot) => slot.holder === null && slot.complete === null && slot.reason !== null)
    .map((slot) => {
      const nodes = rejectedWords(slot.nodes)
      return `${placeText(slot)}: ${reasonText(slot.reason ?? '')}${nodes === '' ? '' : `; nodes: ${nodes}`}`
    })
}

/** The three commonest rejections, counted. */
export function rejectedWords(nodes: readonly Candidate[]): string {
  const counts = new Map<string, number>()
  for (const { rejected } of nodes) if (rejected !== null) counts.set(rejected, (counts.get(rejected) ?? 0) + 1)
  const common = [...counts].toSorted(([a, x], [b, y]) => y - x || compareText(a, b)).slice(0, 3)
  return common.map(([reason, count]) => `${count} × ${reasonText(reason)}`).join(', ')
}
