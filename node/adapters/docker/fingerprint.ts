// What a node tells the others about its engine: whether it answers, its version, and which images are here already.

import { compareText } from '../../../crdt/ids.ts'
import type { Fingerprint } from '../../core/ports.ts'
import { type Engine, EngineError } from './engine.ts'
import { familiarName } from './image-reference.ts'

// An engine that needs longer to say its version is no candidate for new work.
const deadlineMs = 10_000
// The list goes into the node's document, which all nodes of the pool hold.
const imagesMax = 100

export async function fingerprintDocker(engine: Engine): Promise<Fingerprint> {
  try {
    const version = await engine.call((docker) => docker.version(), deadlineMs)
    const images = await engine.call((docker) => docker.listImages(), deadlineMs)
    const names = images.flatMap((image) => image.RepoTags ?? []).filter((name) => !name.includes('<none>'))
    const components = (version as { Components?: { Name?: string }[] }).Components ?? []
    const isPodman = components.some((component) => /podman/i.test(component.Name ?? ''))
    return {
      health: { healthy: true, reason: '' },
      attributes: {
        'driver.docker': '1',
        'driver.docker.engine': isPodman ? 'podman' : 'docker',
        'driver.docker.version': version.Version ?? '',
        'driver.docker.api_version': version.ApiVersion ?? '',
      },
      images: [...new Set(names.map(familiarName))].sort(compareText).slice(0, imagesMax),
    }
  } catch (error) {
    const reason =
      error instanceof EngineError ? error.message : `the engine at ${engine.address} answered nonsense: ${(error as Error).message}`
    return { health: { healthy: false, reason }, attributes: {}, images: [] }
  }
}
