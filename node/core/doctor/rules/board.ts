// What is wrong with a board itself: disk, memory, engine, clock, an old disk.

import type { Examination, Finding } from '../../../../crdt/api-doctor.ts'
import { compareText } from '../../../../crdt/ids.ts'
import { coreLimits } from '../../limits.ts'
import { doctorLimits as limits } from '../limits.ts'
import { type Answered, type Rule, type Scene, age, namesOf } from '../scene.ts'

function aboutBoard(one: Pick<Examination, 'name'>, words: Omit<Finding, 'from' | 'to' | 'direction'>): Finding {
  return { ...words, from: [one.name], to: [], direction: 'here' }
}

export const disks: Rule = ({ all }) =>
  all.flatMap((one): Finding[] => {
    const { storeProblem } = one
    const disk = one.surroundings?.disk ?? null
    const room = disk === null ? [] : [`${disk.freeMib} of ${disk.totalMib} MiB are free`]
    if (storeProblem !== null)
      return [
        aboutBoard(one, {
          id: 'disk-refuses',
          severity: 'critical',
          sinceMs: storeProblem.sinceMs,
          evidence: [`writes are refused: ${storeProblem.reason}`, ...room],
          stillWorks:
            'what runs goes on, and the board is heard; it takes no new work and no changes, and a power cut loses what it keeps in memory',
          whatToDo: 'make room (logs, images), or look whether the card is worn out and mounted read-only (dmesg); it goes on by itself',
        }),
      ]
    const { diskFreeMibMin, diskFreePercentMin } = limits
    if (disk === null || disk.freeMib >= Math.min(diskFreeMibMin, (disk.totalMib * 10) / 100)) {
      if (disk === null || disk.freeMib * 100 >= disk.totalMib * diskFreePercentMin || disk.freeMib >= 8 * diskFreeMibMin) return []
    }
    return [
      aboutBoard(one, {
        id: 'disk-low',
        severity: 'warning',
        sinceMs: null,
        evidence: room,
        stillWorks: 'everything, until it is full',
        whatToDo: 'make room: old images and logs, or other programs of the board',
      }),
    ]
  })

export const memory: Rule = ({ all }) =>
  all.flatMap((one): Finding[] => {
    const seen = one.surroundings?.memory ?? null
    if (
      seen === null ||
      seen.availableMib >= limits.memoryFreeMibMin ||
      seen.availableMib * 100 >= seen.totalMib * limits.memoryFreePercentMin
    )
      return []
    return [
      aboutBoard(one, {
        id: 'memory-low',
        severity: 'warning',
        sinceMs: null,
        evidence: [`${seen.availableMib} of ${seen.totalMib} MiB are available; the agent uses ${seen.agentMib} MiB`],
        stillWorks: 'what runs, until the kernel ends something',
        whatToDo: 'look what uses it; give tasks memory limits, or the board fewer of them (max_allocs, reserved)',
      }),
    ]
  })

/** From the boards' documents, so also of boards that did not answer. */
export const engines: Rule = (scene) => {
  const own = scene.all.flatMap((one) => one.boards.filter((row) => row.node === one.node))
  const rows = new Map([...scene.boards.values(), ...own].map((row) => [row.node, row]))
  return [...rows.values()]
    .filter((row) => row.liveness === 'alive')
    .sort((a, b) => compareText(a.name, b.name))
    .flatMap((row) =>
      row.driversDown.map(({ driver, reason, copies }) =>
        aboutBoard(row, {
          id: 'engine-down',
          severity: copies > 0 ? 'critical' : 'warning',
          sinceMs: null,
          evidence: [`the driver ${driver} does not work: ${reason}`, `${copies} of its copies need it`],
          stillWorks: 'what runs goes on unless the engine took it along; the other drivers; no new work that needs it comes here',
          whatToDo: driver === 'docker' ? `on ${row.name}: systemctl status docker` : `on ${row.name}, see the words above`,
        }),
      ),
    )
}

export const clocks: Rule = (scene) => {
  const { self } = scene
  const rows = [{ one: self, aheadMs: 0, doubtMs: 0 }, ...scene.answered.map(clockOf)]
  const implausible = rows.filter(({ one }) => one.wallMs < coreLimits.wallMsMin || one.wallMs > coreLimits.wallMsMax)
  const rest = rows.filter((row) => !implausible.includes(row))
  const findings = implausible.map(({ one }) =>
    clockOff(scene, [one.node], [`${one.name} says a time at which nothing of this fleet existed`], one),
  )
  const sorted = rest.map(({ aheadMs }) => aheadMs).sort((a, b) => a - b)
  const isFar = ({ aheadMs, doubtMs }: (typeof rest)[number], from: number): boolean =>
    Math.abs(aheadMs - from) > limits.clockOffMsMin + doubtMs
  // Of two nobody can say which: the one that its host calls synchronised is believed.
  if (rest.length === 2) {
    const [a, b] = rest
    if (!isFar(b!, a!.aheadMs)) return findings
    const believed = rest.filter(({ one }) => one.isClockSynchronised)
    const doubted = believed.length === 1 ? rest.filter((row) => !believed.includes(row)) : rest
    const words = `the clocks of ${a!.one.name} and ${b!.one.name} are ${age(Math.abs(b!.aheadMs - a!.aheadMs))} apart`
    return [
      ...findings,
      clockOff(
        scene,
        doubted.map(({ one }) => one.node),
        [words],
        null,
      ),
    ]
  }
  const median = sorted[sorted.length >> 1] ?? 0
  return [
    ...findings,
    ...rest
      .filter((row) => isFar(row, median))
      .map(({ one, aheadMs }) =>
        clockOff(
          scene,
          [one.node],
          [
            `the clock of ${one.name} is ${age(Math.abs(aheadMs - median))} ${aheadMs > median ? 'ahead of' : 'behind'} most of ${rest.length} boards'`,
          ],
          one,
        ),
      ),
  ]
}

function clockOf({ examination, clockMs, tookMs }: Answered) {
  return { one: examination, aheadMs: clockMs, doubtMs: tookMs }
}

function clockOff(scene: Scene, nodes: readonly string[], evidence: readonly string[], one: Examination | null): Finding {
  const synchronised =
    one === null ? [] : [one.isClockSynchronised ? 'its host calls it synchronised' : 'its host does not call it synchronised']
  return {
    id: 'clock-off',
    severity: 'warning',
    from: namesOf(scene, nodes),
    to: [],
    direction: 'here',
    sinceMs: null,
    evidence: [...evidence, ...synchronised],
    stillWorks:
      'everything but what is about times of the day: nothing that must be safe depends on clocks; periodic jobs go by the middle of the neighbours’ clocks if the own one is implausible',
    whatToDo: 'look at its time service (timedatectl), and whether it gets through to its servers',
  }
}

export const oldDisks: Rule = ({ all }) =>
  all
    .filter(({ oldDisk }) => oldDisk > 0)
    .map((one) =>
      aboutBoard(one, {
        id: 'old-disk',
        severity: one.oldDisk > 1 ? 'warning' : 'note',
        sinceMs: one.upMs,
        evidence: [
          `others held newer changes of ${one.name} than its own disk: it went on at a later epoch, ${one.oldDisk === 1 ? 'once' : `${one.oldDisk} times`} since it began`,
        ],
        stillWorks: 'everything: what it says now replaces what it said before',
        whatToDo:
          one.oldDisk > 1
            ? 'another machine may run with this key (a copied card): see the words about clones; stop one of the two'
            : 'if nobody put an older image or backup on it, look at the card: it may lose writes',
      }),
    )
