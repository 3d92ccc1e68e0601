// Who may take part: copies of a key, bans, boards that wait, pre-shared keys; and boards whose documents do not get together.

import type { Finding } from '../../../../crdt/api-doctor.ts'
import { doctorLimits as limits } from '../limits.ts'
import { type Rule, age, bounded, nameOf } from '../scene.ts'

export const clones: Rule = (scene) =>
  [...scene.boards.values()]
    .filter((row) => row.clones.length > 1)
    .map((row): Finding => ({
      id: 'clone',
      severity: 'critical',
      from: [row.name],
      to: [],
      direction: 'here',
      sinceMs: null,
      evidence: bounded([
        `${row.clones.length} machines run with the key of ${row.name}`,
        ...row.clones.map((where) => `one is at ${where || 'an unknown address'}`),
      ]),
      stillWorks: 'what both run; neither takes new work',
      whatToDo: `shoal node status ${row.name} shows both; send one away: shoal node evict ${row.name} --clone ID`,
    }))

export const bans: Rule = (scene) =>
  scene.all.flatMap((one) =>
    one.bans.map(({ node, code, leftMs, isHeld }): Finding => ({
      id: 'banned',
      severity: 'warning',
      from: [one.name],
      to: [nameOf(scene, node)],
      direction: 'both',
      sinceMs: null,
      evidence: [
        `${one.name} has banned ${nameOf(scene, node)} (${code}) for another ${age(leftMs)}${isHeld ? '' : ', and does not carry it out: it hears too few others'}`,
      ],
      stillWorks: 'everything between all others',
      whatToDo: `find out what that board sends (an old or changed agent?); then shoal node forgive ${nameOf(scene, node)} --peer ${one.name}`,
    })),
  )

/** Only of the board that is asked, and of those that answer: a waiting board is none of the pool's. */
export const waiting: Rule = (scene) =>
  scene.all
    .filter(({ waits }) => waits !== null)
    .map((one): Finding => ({
      id: 'not-admitted',
      severity: 'critical',
      from: [one.name],
      to: [],
      direction: 'here',
      sinceMs: null,
      evidence: [`others do not listen to ${one.name}: ${one.waits}`],
      stillWorks: 'it may ask, and what it ran before goes on',
      whatToDo: 'an operator admits it: shoal node pending, node admit; or it gets a join file with a good token',
    }))

export const evictions: Rule = ({ self }) =>
  self.boards.some(({ node, evicted }) => node === self.node && evicted)
    ? [
        {
          id: 'evicted',
          severity: 'critical',
          from: [self.name],
          to: [],
          direction: 'here',
          sinceMs: null,
          evidence: [`an operator has evicted ${self.name}`],
          stillWorks: 'nothing of the fleet: it stops its copies, and nobody listens to it',
          whatToDo: 'shoal node evict --undo, said to another board, takes it back',
        },
      ]
    : []

export const presharedKeys: Rule = (scene) => {
  const behind = [...scene.boards.values()].filter((row) => row.lacksPsk && row.liveness === 'alive')
  if (behind.length === 0) return []
  return [
    {
      id: 'psk-behind',
      severity: 'note',
      from: behind.map(({ name }) => name),
      to: [],
      direction: 'here',
      sinceMs: null,
      evidence: ['they have not said that they have the newest open pre-shared key'],
      stillWorks: 'everything, as long as the key before is open',
      whatToDo: 'shoal fleet psk status; do not finish the rotation before they have it',
    },
  ]
}

/** Quiet, and yet not the same: anti-entropy would have brought them together long ago. */
export const documentsApart: Rule = (scene) => {
  const { self } = scene
  const isQuiet = (one: typeof self): boolean =>
    !one.isCatchingUp && one.documents.quietMs >= limits.documentsQuietMs && one.upMs >= limits.documentsQuietMs
  if (!isQuiet(self)) return []
  const apart = scene.all.filter((one) => one.pool === self.pool && isQuiet(one) && one.documents.hash !== self.documents.hash)
  return apart.map((one): Finding => ({
    id: 'documents-apart',
    severity: 'warning',
    from: [self.name],
    to: [one.name],
    direction: 'unknown',
    sinceMs: Math.min(self.documents.quietMs, one.documents.quietMs),
    evidence: [
      `${self.name} has ${self.documents.count} documents (${self.documents.hash.slice(0, 12)}), unchanged for ${age(self.documents.quietMs)}`,
      `${one.name} has ${one.documents.count} (${one.documents.hash.slice(0, 12)}), unchanged for ${age(one.documents.quietMs)}`,
    ],
    stillWorks: 'both are alive to each other; what the two know of jobs may differ',
    whatToDo:
      'compare versions of the agents (shoal node status) and what they refuse (metrics: refused frames); restart the agent that is behind: its tasks run on',
  }))
}
