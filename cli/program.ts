// The tree of commands: noun and verb, as in nomad and docker, with the short forms that fingers know. Only words are put together
// here; each command's work is in its own file.

import { Command } from 'commander'
import type { Cli } from './command.ts'
import { addAgent } from './commands/agent.ts'
import { addAllocLogs } from './commands/alloc-logs.ts'
import { addAllocStatus } from './commands/alloc-status.ts'
import { addAllocRestart, addAllocStop } from './commands/alloc-wish.ts'
import { addAudit } from './commands/audit.ts'
import { addCompletion } from './commands/completion.ts'
import { addContext } from './commands/context.ts'
import { addDemo } from './commands/demo.ts'
import { addDoctor } from './commands/doctor.ts'
import { addFleetAlgorithm } from './commands/fleet-algorithm.ts'
import { addFleetPreemption } from './commands/fleet-preemption.ts'
import { addFleetBootstrap } from './commands/fleet-bootstrap.ts'
import { addFleetClose } from './commands/fleet-close.ts'
import { addFleetInit } from './commands/fleet-init.ts'
import { addFleetJoinFile } from './commands/fleet-join-file.ts'
import { addFleetOperator } from './commands/fleet-operator.ts'
import { addFleetPsk } from './commands/fleet-psk.ts'
import { addFleetProposals } from './commands/fleet-proposals.ts'
import { addFleetStatus } from './commands/fleet-status.ts'
import { addFleetThreshold } from './commands/fleet-threshold.ts'
import { addJobCompact } from './commands/job-compact.ts'
import { addJobConflicts } from './commands/job-conflicts.ts'
import { addJobDispatch } from './commands/job-dispatch.ts'
import { addJobExplain } from './commands/job-explain.ts'
import { addJobHistory } from './commands/job-history.ts'
import { addJobInit } from './commands/job-init.ts'
import { addJobInspect } from './commands/job-inspect.ts'
import { addJobPause, addJobResume } from './commands/job-pause.ts'
import { addJobPromote } from './commands/job-promote.ts'
import { addJobPeriodic } from './commands/job-periodic-force.ts'
import { addJobPlan } from './commands/job-plan.ts'
import { addJobRevert } from './commands/job-revert.ts'
import { addJobRun } from './commands/job-run.ts'
import { addJobStatus } from './commands/job-status.ts'
import { addJobRemove, addJobStop } from './commands/job-stop.ts'
import { addJobValidate } from './commands/job-validate.ts'
import { addJobVoided } from './commands/job-voided.ts'
import { addNodeCompact } from './commands/node-compact.ts'
import { addNodeAdmit, addNodePending, addNodeReject } from './commands/node-pending.ts'
import { addNodeForgive } from './commands/node-forgive.ts'
import { addNodeDrain } from './commands/node-drain.ts'
import { addNodeLeave } from './commands/node-leave.ts'
import { addNodeMeta, addNodeWeight } from './commands/node-meta.ts'
import { addNodeReplace } from './commands/node-replace.ts'
import { addNodeStatus } from './commands/node-status.ts'
import { addNodeEligibility, addNodeEvict } from './commands/node-wish.ts'
import { addProvision } from './commands/provision.ts'
import { addSimFromFleet } from './commands/sim-from-fleet.ts'
import { addSimFuzz } from './commands/sim-fuzz.ts'
import { addSimInit } from './commands/sim-init.ts'
import { addSimRun } from './commands/sim-run.ts'
import { addStatus } from './commands/status.ts'
import { addSyncExport } from './commands/sync-export.ts'
import { addSyncImport } from './commands/sync-import.ts'
import { addToken } from './commands/token.ts'
import { addVersion } from './commands/version.ts'
import { version } from './version.ts'

type Add = (parent: Command, cli: Cli) => unknown

const fleetCommands: readonly Add[] = [
  addFleetInit,
  addFleetStatus,
  addFleetOperator,
  addFleetAlgorithm,
  addFleetPreemption,
  addFleetBootstrap,
  addFleetPsk,
  addFleetJoinFile,
  addFleetClose,
  addFleetThreshold,
  addFleetProposals,
]
const jobWrites: readonly Add[] = [
  addJobRun,
  addJobPlan,
  addJobDispatch,
  addJobRevert,
  addJobPause,
  addJobResume,
  addJobPromote,
  addJobPeriodic,
  addJobStop,
  addJobRemove,
  addJobVoided,
  addJobCompact,
]
const jobReads: readonly Add[] = [addJobStatus, addJobInspect, addJobExplain, addJobConflicts, addJobHistory, addJobValidate, addJobInit]
const nodeCommands: readonly Add[] = [
  addNodeStatus,
  addNodePending,
  addNodeAdmit,
  addNodeReject,
  addNodeDrain,
  addNodeEligibility,
  addNodeEvict,
  addNodeForgive,
  addNodeLeave,
  addNodeReplace,
  addNodeMeta,
  addNodeWeight,
  addNodeCompact,
]
const simCommands: readonly Add[] = [addSimRun, addSimInit, addSimFromFleet, addSimFuzz]
const syncCommands: readonly Add[] = [addSyncExport, addSyncImport]
const allocCommands: readonly Add[] = [addAllocStatus, addAllocLogs, addAllocRestart, addAllocStop]

export function buildProgram(cli: Cli): Command {
  const { io } = cli
  const program = new Command('shoal')
    .description('a scheduler for containers and processes on fleets of small boards, without a server')
    .version(version, '-V, --version')
    .showHelpAfterError('(add --help for the options)')
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'error E_USAGE: ')),
      getOutHelpWidth: () => io.stdout.columns,
      getErrHelpWidth: () => io.stderr.columns,
    })
    .exitOverride()
  const add = (parent: Command, commands: readonly Add[]): void => commands.forEach((one) => one(parent, cli))
  add(program, [addStatus, addDoctor, addAudit])
  add(program.command('job').description('jobs: submit, follow, explain'), [...jobWrites, ...jobReads])
  add(program.command('alloc').description('allocations: copies of jobs on nodes'), allocCommands)
  add(program.command('node').description('nodes: the boards'), nodeCommands)
  add(program.command('fleet').description('the fleet as a whole'), fleetCommands)
  add(program.command('sync').description('changes on a stick, between sites that never meet'), syncCommands)
  add(program.command('sim').description('what would happen: boards, jobs and faults in virtual time'), simCommands)
  add(program, [addToken, addContext, addProvision, addAgent, addDemo, addCompletion, addVersion])
  addShortForms(program, cli)
  return program
}

/** As in docker and nomad: `shoal run FILE`, `shoal ps`, `shoal logs ALLOC` … */
function addShortForms(program: Command, cli: Cli): void {
  program.commandsGroup('Short forms:')
  addJobRun(program, cli).description('short for job run')
  addJobPlan(program, cli).description('short for job plan')
  addAllocStatus(program, cli, 'ps').description('short for alloc status')
  addAllocLogs(program, cli).description('short for alloc logs')
}
