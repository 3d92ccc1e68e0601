// Images on the board: finds one without asking any registry, and fetches what is not there, from the mirrors first. A registry
// that cannot be reached costs tens of seconds in the engine, so nothing is pulled that is here already.

import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { DriverCode } from '../../core/ports.ts'
import { type Engine, EngineError } from './engine.ts'
import { isStatus, refuseOther } from './failure.ts'
import { type ImageReference, imageAt, parseImageReference } from './image-reference.ts'
import { jsonLines } from './json-lines.ts'
import { pullFailure } from './pull-failure.ts'
import { type PullMessage, createPullProgress } from './pull-progress.ts'

export interface RegistryLogin {
  readonly username: string
  readonly password: string
}

export interface ImageSources {
  /** By host as in the image's name (`docker.io`, `registry.example:5000`); mirrors have entries of their own. */
  readonly registries: Readonly<Record<string, RegistryLogin>>
  /** Per registry: `host[:port][/prefix]`, tried in order before the registry itself. */
  readonly mirrors: Readonly<Record<string, readonly string[]>>
}

export interface PullOptions {
  readonly sources: ImageSources
  readonly progress: (words: string) => void
  readonly signal: AbortSignal
}

// A pull that says nothing for so long hangs: a slow link still moves a progress bar.
const stallMs = 120_000

/** What the engine calls the image here (its name, or its id when only the digest fits); undefined when it is not here. */
export async function findImage(engine: Engine, image: string): Promise<string | undefined> {
  try {
    await engine.call((docker, abortSignal) => docker.getImage(image).inspect({ abortSignal } as object))
    return image
  } catch (error) {
    if (!isStatus(error, 404)) throw error
  }
  // Pulled from a mirror by digest: it has no name of ours, and cannot be given one.
  const digest = parseImageReference(image)?.digest
  if (digest === null || digest === undefined) return undefined
  const images = await engine.call((docker, abortSignal) => docker.listImages({ abortSignal } as object))
  return images.find((one) => one.RepoDigests?.some((name) => name.endsWith(`@${digest}`)))?.Id
}

export async function ensureImage(engine: Engine, image: string, options: PullOptions): Promise<Result<void, DriverCode>> {
  const reference = parseImageReference(image)
  if (reference === undefined) return refuse('E_CONFIG', `'${image}' is not an image name: write [registry/]name[:tag] in config.image`)
  try {
    if ((await findImage(engine, image)) !== undefined) return ok(undefined)
  } catch (error) {
    return refuseOther(error, `image '${image}' was not looked up`)
  }
  let failure: Result<void, DriverCode> = refuse('E_IMAGE_PULL', `image '${image}' was not pulled: cancelled`)
  for (const mirror of [...(options.sources.mirrors[reference.registry] ?? []), null]) {
    if (options.signal.aborted) return refuse('E_IMAGE_PULL', `image '${image}' was not pulled: cancelled`)
    failure = await pullFrom(engine, image, reference, mirror, options)
    if (failure.ok || failure.code === 'E_DRIVER_DOWN') return failure
  }
  return failure
}

async function pullFrom(
  engine: Engine,
  image: string,
  reference: ImageReference,
  mirror: string | null,
  options: PullOptions,
): Promise<Result<void, DriverCode>> {
  const { name, tag } = imageAt(reference, mirror)
  const abort = new AbortController()
  const cancel = (): void => abort.abort()
  options.signal.addEventListener('abort', cancel, { once: true })
  const stall = setTimeout(cancel, stallMs).unref()
  const progress = createPullProgress(image, options.progress)
  try {
    const authconfig = loginFor(options.sources, mirror ?? reference.registry)
    const stream = await engine.stream({
      method: 'POST',
      path: '/images/create?',
      options: { fromImage: name, tag },
      abort: abort.signal,
      authconfig,
    })
    for await (const message of jsonLines(stream as AsyncIterable<unknown>)) {
      stall.refresh()
      throwIfFailed(message)
      progress(message)
    }
    if (mirror !== null && reference.digest === null) await rename(engine, `${name}:${tag}`, image, reference)
    return ok(undefined)
  } catch (error) {
    if (options.signal.aborted) return refuse('E_IMAGE_PULL', `image '${image}' was not pulled: cancelled`)
    if (abort.signal.aborted)
      return refuse('E_IMAGE_PULL', `image '${image}' was not pulled: no progress for ${stallMs / 1000} s; check this board's link`)
    return pullFailure(error, image, mirror ?? reference.registry)
  } finally {
    clearTimeout(stall)
    options.signal.removeEventListener('abort', cancel)
  }
}

/** Once the pull has begun, the engine reports failures inside its answer. */
function throwIfFailed(message: PullMessage): void {
  const { error } = message
  if (typeof error === 'string') throw new EngineError(500, error)
}

/** What came from a mirror gets the name that the job asked for, and loses the mirror's. */
async function rename(engine: Engine, from: string, image: string, reference: ImageReference): Promise<void> {
  const repo = image.split('@')[0]?.replace(/:[^:/]*$/, '') ?? image
  await engine.call(async (docker) => {
    await docker.getImage(from).tag({ repo, tag: reference.tag })
    await docker.getImage(from).remove({ noprune: true })
  })
}

function loginFor(sources: ImageSources, place: string): object | undefined {
  const host = place.split('/')[0] ?? place
  const login = sources.registries[host]
  if (login === undefined) return undefined
  // The engine knows Docker's own registry by its old address only.
  return { ...login, serveraddress: host === 'docker.io' ? 'https://index.docker.io/v1/' : host }
}
