// Where the operator's keys and contexts live: SHOAL_CONFIG_DIR, else XDG_CONFIG_HOME/shoal, else ~/.config/shoal.

import { homedir } from 'node:os'
import { join } from 'node:path'

export function configDir(env: Readonly<Record<string, string | undefined>>): string {
  const own = env['SHOAL_CONFIG_DIR']
  if (own !== undefined && own !== '') return own
  const shared = env['XDG_CONFIG_HOME']
  return join(shared !== undefined && shared !== '' ? shared : join(env['HOME'] ?? homedir(), '.config'), 'shoal')
}

export function contextsFile(env: Readonly<Record<string, string | undefined>>): string {
  return join(configDir(env), 'config.yaml')
}
