// From what the engine said to the code that the core acts on. The engine's words are all there is to go by: its status is 500
// for a taken port and for a broken disk alike.

import { type Refusal, refuse } from '../../../crdt/errors.ts'
import type { DriverCode } from '../../core/ports.ts'
import { EngineError } from './engine.ts'

const portInUse = /port is already allocated|address already in use|failed to bind host port|ports are not available/i
// What the specification itself got wrong, as this image and this board see it.
const badConfig = [
  /executable file not found/i,
  /exec: .*(no such file or directory|permission denied|is a directory|exec format error)/i,
  /unable to find (user|group)|no matching entries in passwd|user: unknown/i,
  /chdir to cwd|not a directory/i,
  /invalid (mount|volume|reference|argument|signal)|bind source path does not exist|mounts? denied/i,
  /no command specified|minimum memory limit|must be an absolute path/i,
]

export function refuseStart(error: unknown, what: string, image: string): Refusal<DriverCode> {
  if (!(error instanceof EngineError)) throw error
  const { status, message } = error
  const words = `${what}: ${message}`
  if (status === null) return refuse('E_DRIVER_DOWN', `${words}. Start the engine on this board (systemctl start docker)`)
  if (portInUse.test(message))
    return refuse('E_PORT_IN_USE', `${words}. Another program on this board has the port: stop it, or ask for another one`)
  if (status === 404 && /image/i.test(message))
    return refuse('E_IMAGE_PULL', `${words}. Image '${image}' went away after it was fetched: it is fetched again`)
  if (status === 400 || badConfig.some((pattern) => pattern.test(message))) {
    return refuse('E_CONFIG', `${words}. Correct the task's config in the job file`)
  }
  return refuse('E_START', words)
}

export function refuseOther(error: unknown, what: string): Refusal<DriverCode> {
  if (!(error instanceof EngineError)) throw error
  const code: DriverCode = error.status === null ? 'E_DRIVER_DOWN' : error.status === 400 ? 'E_CONFIG' : 'E_START'
  return refuse(code, `${what}: ${error.message}`)
}

export function isStatus(error: unknown, ...statuses: number[]): boolean {
  return error instanceof EngineError && error.status !== null && statuses.includes(error.status)
}
