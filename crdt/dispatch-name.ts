// How a dispatched job is called: like the job that it was dispatched from, and by the token of the dispatch. So the same token makes the
// same document on both sides of a split, and a name tells whose right to write it is.

import type { Crypto } from './crypto.ts'
import { type JobId, hex } from './ids.ts'

const digits = 12

/** Job ids have two parts in every agent: Nomad's `JOB/dispatch-…` would be refused by those from before. */
export function dispatchedName(crypto: Crypto, parent: JobId, token: string): string {
  const digest = hex(crypto.sha256(new TextEncoder().encode(JSON.stringify(['shoal dispatch', parent, token]))))
  return `${parent.slice(parent.indexOf('/') + 1)}-dispatch-${digest.slice(0, digits)}`
}

/** With or without its namespace; null: by its name it was not dispatched. */
export function parentOfName(name: string): string | null {
  return /^(.+)-dispatch-[0-9a-f]{12}$/.exec(name)?.[1] ?? null
}
