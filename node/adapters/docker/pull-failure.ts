// Why an image was not to be had: whether the registry says that there is none, or cannot be asked now.

import { type Refusal, refuse } from '../../../crdt/errors.ts'
import type { DriverCode } from '../../core/ports.ts'
import { EngineError } from './engine.ts'

const unknownThere = /manifest unknown|manifest for .* not found|name unknown|repository .*not found|does not exist/i
const wrongMachine = /no matching manifest|no image found in (image index|manifest list)|does not match the specified platform/i
const notAllowed = /unauthorized|authentication required|no basic auth credentials|denied: /i

export function pullFailure(error: unknown, image: string, place: string): Refusal<DriverCode> {
  if (!(error instanceof EngineError))
    return refuse('E_IMAGE_PULL', `image '${image}' was not pulled from ${place}: ${(error as Error).message}`)
  const { status, message } = error
  const words = `image '${image}' was not pulled from ${place}: ${message}`
  if (status === null) return refuse('E_DRIVER_DOWN', `${words}. Start the engine on this board (systemctl start docker)`)
  if (status === 400) return refuse('E_CONFIG', `${words}. Correct config.image in the job file`)
  if (wrongMachine.test(message)) return refuse('E_IMAGE_MISSING', `${words}. There is no build of it for this board's processor`)
  if (unknownThere.test(message)) return refuse('E_IMAGE_MISSING', `${words}. Check name and tag, and whether the registry wants a login`)
  if (notAllowed.test(message)) return refuse('E_IMAGE_PULL', `${words}. Put a login for ${place} into this node's configuration`)
  return refuse('E_IMAGE_PULL', words)
}
