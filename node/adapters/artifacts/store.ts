// The board's artifacts: a folder with a file for each checksum. What a job names is fetched once, kept for the tasks that start again
// without a link, and makes room when others need it, the longest unused first.

import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { ArtifactFile, ArtifactStore, DriverCode, TaskId, TaskRequest } from '../../core/ports.ts'
import { createSerial } from '../task/serial.ts'
import { download, forget } from './download.ts'

export interface ArtifactOptions {
  /** Made when it is needed. */
  readonly folder: string
  /** All artifacts together. */
  readonly bytesMax: number
  /** Beginnings of the addresses that may be fetched from; null: any. */
  readonly sources: readonly string[] | null
}

/** What the disk keeps free for everything else: documents, logs, and the files of tasks. */
const freeBytesMin = 64 * 1024 * 1024
const mib = 1024 * 1024
/** A file, or what has come of one. */
const name = /^([0-9a-f]{64})(\.part(\.new)?)?$/

export function createArtifactStore(options: ArtifactOptions): ArtifactStore {
  return new Store(options)
}

class Store implements ArtifactStore {
  readonly #options: ArtifactOptions
  readonly #serial = createSerial()
  /** Which tasks of this agent need what. */
  readonly #needed = new Map<TaskId, ReadonlySet<string>>()

  constructor(options: ArtifactOptions) {
    this.#options = options
  }

  async fetch(task: TaskRequest, progress: (words: string) => void, signal: AbortSignal): Promise<Result<void, DriverCode>> {
    const files = artifactsOf(task)
    if (files.length === 0) return ok(undefined)
    this.#needed.set(task.id, new Set(files.map(({ sha256 }) => sha256)))
    for (const file of files) {
      const refusal = this.#whyNot(file)
      if (refusal !== null) return refusal
      // One file once, and one server one file at a time: a thin link is not shared by all that a board needs.
      const got = await this.#serial(file.sha256, () =>
        this.#serial(`//${new URL(file.source).host}`, () => this.#get(file, progress, signal)),
      ).catch((error: unknown) => refuse('E_ARTIFACT', `${file.source} was not fetched: ${(error as Error).message}`))
      if (!got.ok) return got
    }
    return ok(undefined)
  }

  async place(task: TaskRequest): Promise<Result<TaskRequest, DriverCode>> {
    const files = artifactsOf(task)
    if (files.length === 0) return ok(task)
    this.#needed.set(task.id, new Set(files.map(({ sha256 }) => sha256)))
    for (const { sha256, source } of files) {
      const path = this.#pathOf(sha256)
      const found = await digestOf(path)
      if (found === sha256) {
        await utimes(path, new Date(), new Date()).catch(() => undefined)
        continue
      }
      // One that only cannot be read now may be whole.
      if (found !== null) await rm(path, { force: true }).catch(() => undefined)
      return refuse('E_ARTIFACT', `${source} is ${found === null ? 'not' : 'damaged'} on this board's disk: it is fetched again`)
    }
    const placed = task.files?.map((file) => (file.kind === 'artifact' ? { ...file, stored: this.#pathOf(file.sha256) } : file))
    return ok({ ...task, ...(placed && { files: placed }) })
  }

  release(task: TaskId): void {
    this.#needed.delete(task)
  }

  #pathOf(sha256: string): string {
    return join(this.#options.folder, sha256)
  }

  /** By the board's owner, or since it is no address: names are filled in only here. */
  #whyNot({ source }: ArtifactFile): Result<never, DriverCode> | null {
    if (!/^https?:\/\/[^/]/.test(source) || !URL.canParse(source))
      return refuse('E_CONFIG', `'${source}' is no address that begins with https:// or http://`)
    const { href, username, password } = new URL(source)
    if (username !== '' || password !== '') return refuse('E_CONFIG', "an artifact's address has a login in it, which everybody could read")
    if (this.#mayAsk(href)) return null
    return refuse('E_CONFIG', `this board's configuration does not allow ${source} (artifacts.sources)`)
  }

  #mayAsk(address: string): boolean {
    const { sources } = this.#options
    return sources === null || sources.some((beginning) => address.startsWith(beginning))
  }

  async #get(file: ArtifactFile, progress: (words: string) => void, signal: AbortSignal): Promise<Result<void, DriverCode>> {
    const { source, sha256 } = file
    const path = this.#pathOf(sha256)
    if (await isThere(path)) return ok(undefined)
    if (signal.aborted) return refuse('E_ARTIFACT', `${source} was not fetched: cancelled`)
    await mkdir(this.#options.folder, { recursive: true, mode: 0o700 })
    const part = `${path}.part`
    const room = (bytes: number | null): Promise<Result<number, DriverCode>> => this.#makeRoom(file, bytes)
    const mayAsk = (address: string): boolean => this.#mayAsk(address)
    const came = await download({ source, part, mayAsk, room, progress, signal })
    if (!came.ok) return came
    const found = await digestOf(came.value)
    if (found === sha256) {
      await rename(came.value, path)
      await forget(part)
      return ok(undefined)
    }
    // A portal's answer is thrown away, and not what had come before.
    if (came.value === part) await forget(part)
    else await rm(came.value, { force: true })
    return refuse('E_ARTIFACT', `what came from ${source} is another file: its sha256 is ${found}, the job names ${sha256}`)
  }

  /** How large it may be. */
  async #makeRoom({ source, sha256: own }: ArtifactFile, bytes: number | null): Promise<Result<number, DriverCode>> {
    const { bytesMax, folder } = this.#options
    const wanted = bytes ?? 0
    const { bavail, bsize } = await statfs(folder)
    // What has come of this one already is part of what is wanted.
    const all = await this.#kept()
    const kept = all.filter(({ sha256 }) => sha256 !== own)
    const had = all.reduce((sum, { sha256, size }) => sum + (sha256 === own ? size : 0), 0)
    let taken = kept.reduce((sum, { size }) => sum + size, 0)
    let free = bavail * bsize + had - freeBytesMin
    const needed = new Set([...this.#needed.values()].flatMap((all) => [...all]))
    for (const { file, sha256, size } of kept) {
      if (taken + wanted <= bytesMax && wanted <= free) break
      if (needed.has(sha256)) continue
      await rm(join(folder, file), { force: true })
      taken -= size
      free += size
    }
    const room = Math.min(bytesMax - taken, free)
    if (room > 0 && wanted <= room) return ok(room)
    const size = bytes === null ? '' : ` of ${Math.ceil(bytes / mib)} MiB`
    const has = `${Math.max(0, Math.floor(room / mib))} MiB for it`
    return refuse(
      'E_ARTIFACT',
      `${source}${size} was not fetched: this board has ${has} (artifacts.max_size, and 64 MiB of the disk stay free)`,
    )
  }

  /** The longest unused first. */
  async #kept(): Promise<Kept[]> {
    const { folder } = this.#options
    const all = await Promise.all(
      (await readdir(folder)).flatMap((file) => {
        const [, sha256] = name.exec(file) ?? []
        return sha256 === undefined ? [] : [keptAs(folder, file, sha256)]
      }),
    )
    return all.toSorted((a, b) => a.usedAt - b.usedAt)
  }
}

interface Kept {
  readonly file: string
  readonly sha256: string
  readonly size: number
  readonly usedAt: number
}

async function keptAs(folder: string, file: string, sha256: string): Promise<Kept> {
  const { size, mtimeMs } = await stat(join(folder, file))
  return { file, sha256, size, usedAt: mtimeMs }
}

function artifactsOf({ files = [] }: TaskRequest): readonly ArtifactFile[] {
  return files.filter((file) => file.kind === 'artifact')
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  )
}

/** Hexadecimal; '': the disk has lost it; null: it is not there, or cannot be read now. */
async function digestOf(path: string): Promise<string | null> {
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path), hash)
    return hash.digest('hex')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EIO' ? '' : null
  }
}
