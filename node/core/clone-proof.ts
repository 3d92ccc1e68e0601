// Two machines with one key: a copied card. Each of them writes the node's document at ever higher epochs, and to all others they are one
// board. What proves it: a change of another boot of this key that names this boot. Nobody can name a boot who has not heard it, so
// whoever wrote that was alive after this board had booted; no reboot, cut or old disk looks like that. docs/adr/0021.

import type { Doc } from '../../crdt/doc.ts'
import { bootId } from '../../crdt/documents/clones.ts'
import { nodeFromRegisters } from '../../crdt/documents/node.ts'
import type { Envelope } from '../../crdt/envelope.ts'
import { coreLimits } from './limits.ts'
import { type State, type Step, note } from './state.ts'

/** A change of the own document that this disk does not hold. `doc`: the document that begins with it, if it begins one. */
export function hearOwnChange(step: Step, { nonce }: Pick<Envelope, 'nonce'>, doc: Doc | null): void {
  const { state } = step
  const other = bootId(nonce)
  const self = bootId(state.author.nonce)
  // The first one is all that most old disks ever see.
  if (other === self || state.epochJumps.count === 0) return
  hearBoot(state, other)
  if (doc === null) return
  const { addresses, clones } = nodeFromRegisters(state.boot.config.self, doc.registers)
  if (clones.heard.has(self)) meetClone(step, clones.self === '' ? other : clones.self, whereOf(addresses))
}

function hearBoot(state: State, boot: string): void {
  const { heard } = state.clones
  if (heard.has(boot)) return
  // The newest: a boot that is over says nothing any more.
  state.clones = { ...state.clones, heard: new Set([...heard, boot].slice(-coreLimits.bootsHeardMax)) }
  state.ownStale = true
}

function meetClone(step: Step, id: string, where: string): void {
  const { state } = step
  const { self, known } = state.clones
  if (known.has(id)) return
  const own = self === '' ? bootId(state.author.nonce) : self
  state.clones = { ...state.clones, self: own, known: new Map([...known, [own, ''], [id, where]]) }
  state.ownStale = true
  const words = `a second machine runs with this node's key: this one is clone ${own}, the other one ${id} (${where})`
  note(step, `${words}. Neither takes new work until an operator says which one goes: shoal node evict NODE --clone ID`, 'warn')
}

export function whereOf(addresses: readonly string[]): string {
  return addresses.slice(0, coreLimits.cloneAddressesMax).join(' ')
}
