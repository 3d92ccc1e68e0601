// `--wait pool=shop-17,count=12,timeout=10m`: a confirmation in one word, with the pool as a safeguard against the wrong file.

import { InvalidArgumentError } from 'commander'
import { parseCount, parseMillis } from '../command.ts'
import { CliError } from '../errors.ts'
import type { Session } from '../peers/session.ts'
import type { ConfirmOptions } from '../documents/submit.ts'

export interface Wait {
  readonly pool: string | null
  readonly count: number | 'all'
  readonly timeoutMs: number | null
}

const keys = ['pool', 'count', 'timeout'] as const

export function parseWait(text: string): Wait {
  const parts = new Map<string, string>()
  for (const part of text.split(',')) {
    const [, key = '', value = ''] = /^([a-z]+)=(.+)$/.exec(part.trim()) ?? []
    if (!keys.some((one) => one === key) || parts.has(key))
      throw new InvalidArgumentError('allowed: pool=NAME,count=NUMBER,timeout=DURATION; count may be all.')
    parts.set(key, value)
  }
  const count = parts.get('count') ?? 'all'
  const timeout = parts.get('timeout')
  return {
    pool: parts.get('pool') ?? null,
    count: count === 'all' ? count : parseCount(count),
    timeoutMs: timeout === undefined ? null : parseMillis(timeout),
  }
}

/** How many boards are to confirm, and for how long they are waited for. All: those of the pool that are not evicted and have not left. */
export async function confirmationOf(session: Session, wait: Wait, pool: string, fallback: ConfirmOptions): Promise<ConfirmOptions> {
  if (wait.pool !== null && wait.pool !== pool)
    throw new CliError('E_USAGE', `the job is of pool ${pool}, and --wait names ${wait.pool}`, {
      hint: 'nothing was sent; is it the right file?',
    })
  const confirmTimeout = wait.timeoutMs ?? fallback.confirmTimeout
  if (wait.count !== 'all') return { confirm: wait.count, confirmTimeout }
  const { nodes } = await session.ask('nodes', { method: 'node.list' }, { pool })
  const members = nodes.filter((node) => !node.evicted && node.liveness !== 'left')
  return { confirm: Math.max(1, members.length), confirmTimeout }
}
