// What a test must undo whatever happens: on failure, on Ctrl-C, when its time is up. Steps are synchronous, so that they run even
// while the process is on its way out, and each runs once.

const steps = new Set<() => void>()

/** Registers a step; the answer runs it now (once). Steps that are left run when the process ends, newest first. */
export function undoAtExit(step: () => void): () => void {
  const once = (): void => {
    if (!steps.delete(once)) return
    try {
      step()
    } catch (error) {
      process.stderr.write(`cleaning up: ${String(error)}\n`)
    }
  }
  steps.add(once)
  return once
}

function runAll(): void {
  for (const step of [...steps].reverse()) step()
}

process.on('exit', runAll)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130))
