// The suite of check runners against the simulated one. Virtual time passes while somebody waits.

import type { CheckOutcome } from '../../node/core/ports.ts'
import { createBoard } from '../../simulator/board.ts'
import { cheapIdentity } from '../../simulator/cheap-crypto.ts'
import { Checks } from '../../simulator/checks.ts'
import { EventQueue } from '../../simulator/queue.ts'
import { type CheckHarness, acceptChecks, checkOf } from './check-suite.ts'
import { taskRequest } from './driver-harness.ts'

acceptChecks(async (): Promise<CheckHarness> => {
  const queue = new EventQueue()
  const { node, signer } = cheapIdentity(1)
  const board = createBoard({ name: 'b', id: node, signer })
  return {
    runner: (allowsExec) => ({
      run: (request) => {
        const checks = new Checks()
        const [said] = request.check.args
        checks.of = () =>
          request.check.type === 'exec' && !allowsExec ? 'refuses' : said === 'fails' || said === 'hangs' ? said : 'passes'
        const { afterMs, outcome } = checks.answer(board, request)
        return new Promise<CheckOutcome>((resolve) => queue.after(afterMs, () => resolve(outcome)))
      },
    }),
    async request(type, behaviour, timeoutMs) {
      const task = taskRequest({
        driver: 'raw_exec',
        config: { command: '/bin/app', args: [], volumes: [], privileged: false, readOnlyRoot: false },
      })
      const { id, slot, alloc, generation, form, updates, ports } = task
      board.tasks.set(id, { id, slot, alloc, generation, form, updates, ports, task: 'app', startedAt: 0, driver: 'raw_exec' })
      // How it behaves travels with the question: nothing else here tells tasks apart.
      return { id: 'q', task, check: { ...checkOf(type, timeoutMs), args: [behaviour] }, port: type === 'exec' ? null : 8_080 }
    },
    end: async ({ task }) => void board.tasks.delete(task.id),
    async ask(runner, request) {
      const began = queue.now
      const answer = runner.run(request)
      queue.run(began + request.check.timeoutMs)
      const outcome = await answer
      return { outcome, tookMs: outcome.output.startsWith('no answer') ? queue.now - began : 0 }
    },
    close: async () => undefined,
  }
})
