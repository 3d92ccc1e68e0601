// One file over HTTP into a file of this board. What came of it before the link went is kept beside it, and the rest is asked for.
// Whether it is the right file the caller tells by its checksum: servers, proxies and captive portals answer with anything.

import type { FileHandle } from 'node:fs/promises'
import { open, rm } from 'node:fs/promises'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { DriverCode } from '../../core/ports.ts'

export interface Download {
  readonly source: string
  /** Whether the owner of the board lets it be asked: servers send one on to others. */
  readonly mayAsk: (address: string) => boolean
  /** Where it grows. */
  readonly part: string
  /** Asked before the first byte is written. Bytes of the whole file, as far as the server says; null: it is the room for so many that is free. */
  readonly room: (bytes: number | null) => Promise<Result<number, DriverCode>>
  readonly progress: (words: string) => void
  readonly signal: AbortSignal
}

/** A link of 8 kbit/s brings something every second: whoever is silent for so long has gone. */
const stallMs = 60_000
/** As browsers and curl bound it, or nearly; a mirror needs one or two. */
const hopsMax = 5
const progressMs = 1_000
const mib = 1024 * 1024

/** Where it is then: what a server sends anew, instead of the rest, does not spoil what had come. */
export async function download(one: Download): Promise<Result<string, DriverCode>> {
  const stall = new AbortController()
  let timer = setTimeout(() => stall.abort(), stallMs)
  const alive = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => stall.abort(), stallMs)
  }
  const file = await open(one.part, 'a')
  try {
    return await receive(one, file, AbortSignal.any([one.signal, stall.signal]), alive)
  } catch (error) {
    if (one.signal.aborted) return refuse('E_ARTIFACT', `${one.source} was not fetched: cancelled`)
    const words = stall.signal.aborted ? `nothing came for ${stallMs / 1_000} s; check this board's link` : wordsOf(error)
    return refuse('E_ARTIFACT', `${one.source} was not fetched: ${words}`)
  } finally {
    clearTimeout(timer)
    await file.close()
  }
}

async function receive(one: Download, file: FileHandle, signal: AbortSignal, alive: () => void): Promise<Result<string, DriverCode>> {
  const had = (await file.stat()).size
  // As it is stored there: a body that is packed for the way would have other bytes.
  const headers = { 'accept-encoding': 'identity', ...(had === 0 ? {} : { range: `bytes=${had}-` }) }
  const response = await ask(one, { headers, signal, alive })
  if (typeof response === 'string') return refuse('E_ARTIFACT', `${one.source} was not fetched: ${response}`)
  const { status } = response
  // There is nothing behind what had come: it may be all of it.
  if (status === 416 && had > 0) {
    await response.body?.cancel()
    return ok(one.part)
  }
  if (status === 404 || status === 410) {
    await response.body?.cancel()
    return refuse('E_ARTIFACT_MISSING', `${one.source}: HTTP ${status}, there is no such file`)
  }
  if (!response.ok || response.body === null) {
    await response.body?.cancel()
    return refuse('E_ARTIFACT', `${one.source} was not fetched: HTTP ${status} ${response.statusText}`)
  }
  const isRest = status === 206 && response.headers.get('content-range')?.startsWith(`bytes ${had}-`) === true
  const first = isRest ? had : 0
  const said = Number(response.headers.get('content-length') ?? Number.NaN)
  const whole = Number.isSafeInteger(said) ? first + said : null
  const room = await one.room(whole)
  if (!room.ok) {
    await response.body.cancel()
    return room
  }
  const progress = { first, whole, bytesMax: room.value, alive }
  if (isRest || had === 0) return write(one, { path: one.part, file }, response.body, progress)
  const path = freshOf(one.part)
  const fresh = await open(path, 'w')
  try {
    return await write(one, { path, file: fresh }, response.body, progress)
  } finally {
    await fresh.close()
  }
}

function freshOf(part: string): string {
  return `${part}.new`
}

interface Asked {
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  readonly alive: () => void
}

/** Follows where it is sent, as far as that may be asked; else why not, in words. */
async function ask({ source, mayAsk }: Download, { headers, signal, alive }: Asked): Promise<Response | string> {
  let address = source
  for (let hop = 0; hop <= hopsMax; hop++) {
    const response = await fetch(address, { headers, signal, redirect: 'manual' })
    alive()
    const next = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null
    if (next === null) return response
    await response.body?.cancel()
    if (!URL.canParse(next, address)) return `it is sent on to '${next}', which is no address`
    address = new URL(next, address).href
    if (!/^https?:/.test(address) || !mayAsk(address))
      return `it is sent on to ${address}, which this board's configuration does not allow (artifacts.sources)`
  }
  return `it is sent on more than ${hopsMax} times`
}

interface Progress {
  readonly first: number
  readonly whole: number | null
  readonly bytesMax: number
  readonly alive: () => void
}

async function write(
  one: Download,
  { path, file }: { readonly path: string; readonly file: FileHandle },
  body: ReadableStream<Uint8Array>,
  { first, whole, bytesMax, alive }: Progress,
): Promise<Result<string, DriverCode>> {
  let bytes = first
  let toldAt = 0
  for await (const chunk of body) {
    alive()
    bytes += chunk.length
    if (bytes > bytesMax) {
      await file.truncate(0)
      return refuse('E_ARTIFACT', `${one.source} is larger than the ${Math.floor(bytesMax / mib)} MiB that this board has for it`)
    }
    await file.writeFile(chunk)
    if (Date.now() - toldAt < progressMs) continue
    toldAt = Date.now()
    one.progress(`fetching ${one.source}: ${(bytes / mib).toFixed(1)}${whole === null ? '' : ` of ${(whole / mib).toFixed(1)}`} MiB`)
  }
  if (whole !== null && bytes < whole) return refuse('E_ARTIFACT', `${one.source} was not fetched: the answer broke off`)
  // Whatever is given its name is whole on disk.
  await file.sync()
  return ok(path)
}

/** Nothing of what has come is to be gone on with. */
export async function forget(part: string): Promise<void> {
  for (const path of [part, freshOf(part)]) await rm(path, { force: true })
}

function wordsOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string; message?: string } }
  const { code } = error as { code?: string }
  if (code === 'ENOSPC') return "no space left: free some on this board's disk"
  return cause?.code ?? cause?.message ?? message
}
