// A time limit for silence: an answer may be as long as it likes, as long as it goes on.

export interface IdleSignal {
  readonly signal: AbortSignal
  /** Something came: the time begins anew. */
  readonly heard: () => void
  readonly end: () => void
}

/** Its reason is that of `AbortSignal.timeout`, so that both are told as E_TIMEOUT. */
export function idleSignal(idleMs: number): IdleSignal {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new DOMException('nothing was heard in time', 'TimeoutError')), idleMs)
  return { signal: controller.signal, heard: () => timer.refresh(), end: () => clearTimeout(timer) }
}
