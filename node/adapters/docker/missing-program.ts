// With the engine's init as process 1, the engine no longer notices that the task's program does not exist: it sees the init
// start. So a fresh container is asked first. Looks only; whatever cannot be found out counts as fine.

import { posix } from 'node:path'
import type { Engine } from './engine.ts'
import { isStatus } from './failure.ts'

// What the engine sets when neither image nor task does.
const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The program that the container wants to run, if it is nowhere in it. */
export async function missingProgram(engine: Engine, container: string): Promise<string | undefined> {
  const { Path, Config } = await engine.call((docker, abortSignal) => docker.getContainer(container).inspect({ abortSignal } as object))
  for (const place of placesOf(Path, Config.Env ?? [], Config.WorkingDir)) {
    if (await isThere(engine, container, place)) return undefined
  }
  return Path
}

export function placesOf(program: string, env: readonly string[], workDir: string): readonly string[] {
  if (program.includes('/')) return [posix.resolve('/', workDir, program)]
  const path = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? defaultPath
  return path
    .split(':')
    .filter(Boolean)
    .map((folder) => posix.resolve('/', workDir, folder, program))
}

async function isThere(engine: Engine, container: string, path: string): Promise<boolean> {
  try {
    await engine.call((docker, abortSignal) => docker.getContainer(container).infoArchive({ path, abortSignal }))
    return true
  } catch (error) {
    return !isStatus(error, 404)
  }
}
