// Names of images: `[registry/]repository[:tag][@digest]`, with Docker's habits (`busybox` is `docker.io/library/busybox:latest`).

export interface ImageReference {
  /** `docker.io` if none is said. */
  readonly registry: string
  /** `library/busybox` */
  readonly repository: string
  readonly tag: string
  /** `sha256:…`; beats the tag. */
  readonly digest: string | null
}

const defaultRegistry = 'docker.io'

export function parseImageReference(text: string): ImageReference | undefined {
  const [named = '', digest = null, ...more] = text.split('@')
  if (more.length > 0 || named === '' || /\s/.test(text)) return undefined
  const colon = named.lastIndexOf(':')
  const hasTag = colon > named.lastIndexOf('/')
  const path = hasTag ? named.slice(0, colon) : named
  const tag = hasTag ? named.slice(colon + 1) : 'latest'
  const [first = '', ...rest] = path.split('/')
  // A registry is told from a folder by a dot, a port, or being localhost.
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost')
  const registry = hasRegistry ? first : defaultRegistry
  const bare = hasRegistry ? rest.join('/') : path
  const repository = registry === defaultRegistry && !bare.includes('/') ? `library/${bare}` : bare
  const isSound = /^[a-z0-9]([a-z0-9._/-]*[a-z0-9])?$/.test(repository) && /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/.test(tag)
  if (!isSound || (digest !== null && !/^sha256:[0-9a-f]{64}$/.test(digest))) return undefined
  return { registry: registry === 'index.docker.io' ? defaultRegistry : registry, repository, tag, digest }
}

/** The same image at another registry; null: at its own. `host[:port][/prefix]`. */
export function imageAt(reference: ImageReference, mirror: string | null): { readonly name: string; readonly tag: string } {
  return { name: `${mirror ?? reference.registry}/${reference.repository}`, tag: reference.digest ?? reference.tag }
}

/** As people write it and as job files have it: without what Docker would fill in, but with the tag. */
export function familiarName(text: string): string {
  return text.replace(/^docker\.io\/(library\/)?/, '')
}
