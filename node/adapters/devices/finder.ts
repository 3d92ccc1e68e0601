// The port for the core's loop: looks when it is asked, and logs what is not offered whenever that has changed.

import type { DeviceFinder } from '../../core/ports.ts'
import { findDevices } from './find.ts'
import type { OwnerRules } from './owner-rules.ts'
import type { DeviceTree } from './tree.ts'

interface FinderLog {
  info(data: object, message: string): void
  warn(data: object, message: string): void
}

export function createDeviceFinder(tree: DeviceTree, rules: OwnerRules, log: FinderLog): DeviceFinder {
  let said = ''
  return {
    async find() {
      const found = await findDevices(tree, rules).catch((error: unknown) => {
        log.warn({ error: String(error) }, 'the board’s devices cannot be looked at')
        return null
      })
      const skipped = found?.skipped ?? ['the board’s devices cannot be looked at']
      const words = skipped.join('\n')
      if (words !== said && words !== '') log.info({ devices: skipped }, 'devices that no task is given')
      said = words
      return found?.devices ?? null
    },
  }
}
