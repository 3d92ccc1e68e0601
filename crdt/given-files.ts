// What a task is given in its folder: files made from templates, and files that its board fetches.

export const changeModes = ['restart', 'signal', 'noop'] as const

/** A file of the task's folder whose `${…}` are filled in; and what follows when it would read otherwise while the task runs. */
export interface TemplateSpec {
  /** A path below the task's folder. */
  readonly destination: string
  readonly data: string
  /** Octal, such as `0644`. */
  readonly perms: string
  readonly changeMode: (typeof changeModes)[number]
  /** Of change mode `signal`, and only there. */
  readonly changeSignal?: string
  /** The task is told within so long, at random, so that copies everywhere are not told in one moment. */
  readonly splayMs: number
}

/** A file that the board fetches and keeps before the task starts. */
export interface ArtifactSpec {
  /** A path below the task's folder. */
  readonly destination: string
  /** `https://…` or `http://…`; its `${…}` are filled in. */
  readonly source: string
  /** `sha256:` and 64 hexadecimal digits: what is run is what was signed, wherever it came from. */
  readonly checksum: string
  /** Octal, such as `0755`. */
  readonly perms: string
}
