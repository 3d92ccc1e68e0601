// `alloc status`: all allocations of the pool, or one. Also `shoal ps`.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { printReply } from '../print.ts'
import { allocDetail, allocTable, isOver } from '../render/allocs.ts'

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
    printReply(session, await session.ask('alloc', { method: 'alloc.status', alloc }), (reply, paint) => allocDetail(reply.alloc, paint))
  })
}
