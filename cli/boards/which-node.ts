// Which node a command is about: one that is named, or `--self`, the one that answers. On a board that is the board itself
// (`--peer unix:…`).

import type { Command } from 'commander'
import { type WriteOptions, confirmOptions } from '../command.ts'
import { CliError } from '../errors.ts'
import type { Session } from '../peers/session.ts'

export interface SelfOption {
  readonly self?: boolean
}

export function nodeOrSelfCommand(parent: Command, word: string, description: string): Command {
  const command = parent.command(word).description(description).argument('[node]', 'name, or unique prefix of the id')
  return confirmOptions(command).option('--self', 'the node that answers')
}

export async function nodeOrSelf(session: Session, name: string | undefined, { self }: SelfOption & WriteOptions): Promise<string> {
  if ((name !== undefined) === (self === true)) throw new CliError('E_USAGE', 'name a node, or say --self')
  return name ?? (await session.ask('nodes', { method: 'node.list' })).coverage.node
}
