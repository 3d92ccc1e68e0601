// What systemd wants to hear from a service of `Type=notify`: that it is up, that it ends, and with `WatchdogSec` that its event loop turns.
// Node has no datagram sockets of the file system, so `systemd-notify`, which is there wherever systemd is, says it. Without NOTIFY_SOCKET
// nobody listens and nothing is said. The variable is not handed on to tasks: their environment is built anew.

import { spawn } from 'node:child_process'

/** systemd asks for a sign within its time: three leave room for two that are lost on a busy board. */
const signsPerWatchdog = 3

interface Environment {
  readonly NOTIFY_SOCKET?: string | undefined
  /** µs */
  readonly WATCHDOG_USEC?: string | undefined
}

export interface ServiceNotify {
  readonly ready: () => void
  readonly stopping: () => void
}

export function createServiceNotify(env: Environment, log: { warn(data: object, message: string): void }): ServiceNotify {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUs } = env
  if (socket === undefined || socket === '') return { ready: () => undefined, stopping: () => undefined }
  let isTold = false
  const say = (word: string): void => {
    const failed = (error: unknown): void => {
      if (!isTold) log.warn({ error: String(error) }, `systemd was not told ${word}`)
      isTold = true
    }
    const sent = spawn('systemd-notify', [word], { stdio: 'ignore' })
    sent.on('error', failed)
    sent.on('exit', (code) => {
      if (code !== 0) failed(`systemd-notify ended with ${code}`)
    })
  }
  let timer: NodeJS.Timeout | null = null
  return {
    ready: () => {
      say('READY=1')
      const everyMs = Number(watchdogUs) / 1_000 / signsPerWatchdog
      if (everyMs >= 1) timer = setInterval(() => say('WATCHDOG=1'), everyMs).unref()
    },
    stopping: () => {
      if (timer !== null) clearInterval(timer)
      say('STOPPING=1')
    },
  }
}
