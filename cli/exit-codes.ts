// What the shell sees (DESIGN section 9). Scripts depend on these numbers: they never change their meaning.

export const exitCodes = {
  done: 0,
  error: 1,
  /** The change is in the mesh, but not every copy was placed. */
  notPlaced: 2,
  /** The change was taken, but the confirmation that was asked for (`--confirm N`) did not come. */
  notConfirmed: 3,
  /** The change is in the mesh as a proposal: other admins have yet to sign it. */
  proposed: 4,
  doctorHealthy: 0,
  doctorWarning: 1,
  doctorCritical: 2,
  /** Nobody could be examined: nothing is known. */
  doctorError: 3,
  planNothing: 0,
  planChanges: 1,
  planError: 255,
  /** Ended by Ctrl-C: 128 + SIGINT, as shells count. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
