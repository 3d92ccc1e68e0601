// Checks of simulated tasks. A task answers well until a scenario says otherwise; everything else that can come of a question follows from
// what the board is like. It knows nothing of who asks how often. What it promises is held against it by the suite of the real runner
// (`test/acceptance/check-suite.ts`).

import type { CheckOutcome, CheckRequest } from '../node/core/ports.ts'
import type { Board } from './board.ts'

/** What the task does when it is asked; `refuses`: the board's configuration forbids such a check. */
export type TaskAnswer = 'passes' | 'fails' | 'hangs' | 'refuses'

/** How long an answer takes that is not late. */
const answerMs = 20

export interface LaterOutcome {
  readonly afterMs: number
  readonly outcome: CheckOutcome
}

export class Checks {
  of: (board: Board, request: CheckRequest) => TaskAnswer = () => 'passes'

  answer(board: Board, request: CheckRequest): LaterOutcome {
    const { check, port, task } = request
    if (check.type !== 'exec' && port === null) return soon('refused', `the group has no port '${check.port ?? ''}'`)
    const answer = this.of(board, request)
    if (answer === 'refuses') return soon('refused', 'this board runs no such checks')
    if (check.type === 'exec' && board.isDriverSilent) return soon('unknown', 'the driver does not answer')
    if (!board.tasks.has(task.id)) return soon('failed', `${task.id} does not run`)
    if (answer === 'hangs')
      return { afterMs: check.timeoutMs, outcome: { result: 'failed', output: `no answer within ${check.timeoutMs} ms` } }
    return answer === 'passes' ? soon('passed', 'ok') : soon('failed', 'not well')
  }
}

function soon(result: CheckOutcome['result'], output: string): LaterOutcome {
  return { afterMs: answerMs, outcome: { result, output } }
}
