// Sums up what the engine says about each layer of a pull into a few words, at most once a second.

type Say = (words: string) => void
export type PullMessage = Readonly<Record<string, unknown>>

// People cannot read faster, and each call becomes an event of the core.
const sayMs = 1_000

interface Layer {
  current: number
  total: number
  isDone: boolean
}

export function createPullProgress(image: string, say: Say, now: () => number = () => performance.now()): (message: PullMessage) => void {
  const layers = new Map<string, Layer>()
  let saidAt = -Infinity
  return (message) => {
    note(layers, message)
    if (now() - saidAt < sayMs) return
    saidAt = now()
    say(`pulling ${image}${summary(layers)}`)
  }
}

function note(layers: Map<string, Layer>, message: PullMessage): void {
  const { id, status, progressDetail } = message as {
    id?: unknown
    status?: unknown
    progressDetail?: { current?: unknown; total?: unknown } | null
  }
  // The first message names the tag in the place of a layer.
  if (typeof id !== 'string' || typeof status !== 'string' || status.startsWith('Pulling from')) return
  const layer = layers.get(id) ?? { current: 0, total: 0, isDone: false }
  layers.set(id, layer)
  if (status === 'Downloading' && Number.isFinite(progressDetail?.current)) {
    layer.current = Number(progressDetail?.current)
    layer.total = Math.max(Number(progressDetail?.total) || 0, layer.current)
  }
  if (status === 'Download complete') layer.current = layer.total
  if (status === 'Pull complete' || status === 'Already exists') layer.isDone = true
}

function summary(layers: ReadonlyMap<string, Layer>): string {
  if (layers.size === 0) return ''
  const all = [...layers.values()]
  const done = all.filter((layer) => layer.isDone).length
  const current = all.reduce((sum, layer) => sum + layer.current, 0)
  const total = all.reduce((sum, layer) => sum + layer.total, 0)
  const bytes = total === 0 ? '' : `, ${megabytes(current)} of ${megabytes(total)} MB`
  return `: ${done} of ${all.length} layers${bytes}`
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}
