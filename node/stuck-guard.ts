// Ends the agent when its event loop has stood still for too long (a hostile input that loops, a bug): the supervisor starts it anew, and
// the tasks do not notice. A thread could do it, but costs 6 MB of private memory on a board; a small shell process costs a
// fraction of that. The agent writes it a line every ten seconds; when none comes for a minute it sends SIGKILL, because nothing else
// reaches a process that spins. When the agent ends, the shell reads the end of its input and ends too.

import { type ChildProcess, spawn } from 'node:child_process'

const beatMs = 10_000
/** Far above the longest pause of an overloaded board; the core's own steps are bounded at 50 ms. */
const stuckSecondsMax = 60

// `read` waits for the next beat; behind it waits the kill, which each beat replaces. `$1` is the agent, `$2` the limit. Ctrl-C in a
// terminal reaches the whole group and is the agent's business.
const script = `
trap '' INT
arm() {
  (trap 'kill "$nap"; exit' TERM; sleep "$2" & nap=$!; wait "$nap"; kill -9 "$1") &
  timer=$!
}
arm "$1" "$2"
while read -r beat; do kill "$timer"; wait "$timer"; arm "$1" "$2"; done
kill "$timer"
`

export interface StuckGuard {
  stop(): void
}

export function startStuckGuard(
  log: { warn(data: object, message: string): void },
  limitSeconds = stuckSecondsMax,
  everyMs = beatMs,
): StuckGuard {
  let shell: ChildProcess
  try {
    shell = spawn('/bin/sh', ['-c', script, 'shoal-guard', String(process.pid), String(limitSeconds)], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
  } catch (error) {
    log.warn({ error: String(error) }, 'no guard against a stuck agent')
    return { stop: () => undefined }
  }
  let isOver = false
  const over = (why: string): void => {
    if (!isOver) log.warn({}, `no guard against a stuck agent: ${why}`)
    isOver = true
    clearInterval(timer)
  }
  const timer = setInterval(() => shell.stdin?.write('\n'), everyMs)
  timer.unref()
  shell.unref()
  shell.on('error', (error) => over(error.message))
  shell.on('exit', (code, signal) => over(`it ended (${signal ?? code})`))
  shell.stdin?.on('error', () => undefined)
  // Neither the process nor its pipe keeps the agent alive.
  ;(shell.stdin as unknown as { unref?: () => void } | null)?.unref?.()
  return {
    stop: () => {
      isOver = true
      clearInterval(timer)
      shell.stdin?.end()
    },
  }
}
