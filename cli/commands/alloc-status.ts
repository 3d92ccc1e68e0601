// `alloc status`: all allocations of the pool, or one. Also `shoal ps`.

import type { Command } from 'commander'
import type { AllocDetail } from '../../crdt/api-jobs.ts'
import { type Cli, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { printReply } from '../print.ts'
import { allocDetail, allocTable, isOver } from '../render/allocs.ts'
import { type ShownChecks, checkTable } from '../render/checks.ts'
import type { Session } from '../peers/session.ts'

interface Options {
  readonly all?: boolean
}

export function addAllocStatus(parent: Command, cli: Cli, word = 'status'): Command {
  const command = parent
    .command(word)
    .description('list the allocations, or show one')
    .argument('[alloc]', 'unique prefix of the id')
    .option('-a, --all', 'also those that have ended')
  return remote<Options>(cli, command, async (session, { args: [alloc], options }) => {
    if (alloc === undefined) {
      const reply = await session.ask('allocs', { method: 'alloc.list' })
      const allocs = options.all === true ? reply.allocs : reply.allocs.filter((row) => !isOver(row))
      printReply(session, { ...reply, allocs }, (shown, paint) => allocTable(shown.allocs, paint))
      return
    }
    const told = await session.ask('alloc', { method: 'alloc.status', alloc })
    const checks = await checksOf(session, told.alloc)
    printReply(session, { ...told, ...checks }, (reply, paint) => allocDetail(reply.alloc, paint) + checkTable(reply, paint))
  })
}

/** Only the copy's own board knows, and the rest is worth showing without it. */
async function checksOf(session: Session, alloc: AllocDetail): Promise<ShownChecks> {
  if (alloc.checkCount === undefined || isOver(alloc)) return {}
  try {
    return { checks: (await session.ask('checks', { method: 'alloc.checks', alloc: alloc.alloc })).checks }
  } catch (error) {
    if (error instanceof CliError) return { checksUnknown: error.message }
    throw error
  }
}
