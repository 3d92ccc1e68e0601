// An event as those who report it know it: the loop adds the times when it takes the event, so that they never run backwards.

import type { CoreEvent } from './core/event.ts'

type Loose<E> = E extends CoreEvent ? Omit<E, 'now' | 'wallMs'> : never
export type LooseEvent = Loose<Exclude<CoreEvent, { kind: 'boot' }>>
export type LooseBoot = Loose<Extract<CoreEvent, { kind: 'boot' }>>
