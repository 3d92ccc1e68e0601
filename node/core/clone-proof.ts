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
  if (clones.heard.has(self)) meetClone(step, clones.self, other, whereOf(addresses))
}

function hearBoot(state: State, boot: string): void {
  const { heard } = state.clones
  if (heard.has(boot)) return
  // The newest: a boot that is over says nothing any more.
  state.clones = { ...state.clones, heard: new Set([...heard, boot].slice(-coreLimits.bootsHeardMax)) }
  state.ownStale = true
}

function meetClone(step: Step, told: string, other: string, where: string): void {
  const { state } = step
  const { self, known } = state.clones
  const own = self === '' ? bootId(state.author.nonce) : self
  if (told === own) return renameClone(step)
  const id = told === '' ? other : told
  if (known.has(id)) return
  // The newest: one that begins with a disk from before the proof has another id each time.
  const others = [...known, [id, where] as const].filter(([one]) => one !== own).slice(-coreLimits.clonesKnownMax)
  state.clones = { ...state.clones, self: own, known: new Map([[own, ''], ...others]) }
  state.ownStale = true
  const words = `a second machine runs with this node's key: this one is clone ${own}, the other one ${id} (${where})`
  note(step, `${words}. Neither takes new work until an operator says which one goes: shoal node evict NODE --clone ID`, 'warn')
}

/** Its card was copied after it had learned its id, and the copy tells of itself by the same: whichever has booted since takes another. */
function renameClone(step: Step): void {
  const { state } = step
  const { self: before, known } = state.clones
  const self = bootId(state.author.nonce)
  if (self === before) return
  const others = [...known].filter(([id]) => id !== before)
  state.clones = { ...state.clones, self, known: new Map([[self, ''], ...others]) }
  state.ownStale = true
  note(step, `another machine with this node's key is clone ${before}, too: this one is clone ${self} from now on`, 'warn')
}

export function whereOf(addresses: readonly string[]): string {
  return addresses.slice(0, coreLimits.cloneAddressesMax).join(' ')
}
