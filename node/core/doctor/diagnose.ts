// From examinations to findings: every rule is asked, and what several say is put in order. Pure: the same examinations, the same answer, on
// a board and in the simulator.

import type { Diagnosis, Examination, ExaminedRow, Finding, Severity, Unanswered } from '../../../crdt/api-doctor.ts'
import { compareText } from '../../../crdt/ids.ts'
import { clocks, disks, engines, memory, oldDisks } from './rules/board.ts'
import { flapping, moved, slowLinks } from './rules/lines.ts'
import { linksDown, silentBoards, undialable } from './rules/reach.ts'
import { bans, clones, documentsApart, evictions, presharedKeys, waiting } from './rules/trust.ts'
import { bootstrapList, handshakes, names, namesAstray } from './rules/ways-in.ts'
import { reachRows } from './reach-rows.ts'
import { type Answered, type Rule, sceneOf } from './scene.ts'

const rules: readonly Rule[] = [
  silentBoards,
  linksDown,
  undialable,
  flapping,
  slowLinks,
  moved,
  names,
  namesAstray,
  bootstrapList,
  handshakes,
  disks,
  memory,
  engines,
  clocks,
  oldDisks,
  clones,
  bans,
  waiting,
  evictions,
  presharedKeys,
  documentsApart,
]

/** Said in every answer, so that nobody takes silence for health. */
const notExamined = [
  'MTU (packets that are too large and vanish look like handshakes that fail, or a link that falls)',
  'loss on lines that work',
]

const order: readonly Severity[] = ['critical', 'warning', 'note']

export interface DiagnoseInput {
  readonly self: Examination
  readonly answered: readonly Answered[]
  readonly unanswered: readonly Unanswered[]
}

export function diagnose({ self, answered, unanswered }: DiagnoseInput): Diagnosis {
  const scene = sceneOf(self, answered, unanswered)
  const rank = ({ severity }: Finding): number => order.indexOf(severity)
  return {
    findings: rules
      .flatMap((rule) => rule(scene))
      .sort(
        (a, b) =>
          rank(a) - rank(b) ||
          compareText(a.id, b.id) ||
          compareText(a.to.join(' '), b.to.join(' ')) ||
          compareText(a.from.join(' '), b.from.join(' ')),
      ),
    reach: reachRows(scene),
    examined: [examinedRow(self, 0), ...answered.map(({ examination, clockMs }) => examinedRow(examination, clockMs))],
    unanswered,
    notExamined,
  }
}

function examinedRow(one: Examination, clockMs: number): ExaminedRow {
  const { node, name, version, upMs, documents, surroundings } = one
  const relayed = surroundings?.connections.filter(({ isRelayed }) => isRelayed).length ?? 0
  return { node, name, version, upMs, clockMs, documents, disk: surroundings?.disk ?? null, memory: surroundings?.memory ?? null, relayed }
}
