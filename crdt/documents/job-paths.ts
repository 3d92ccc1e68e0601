// Registers of a job document that say what shall become of the job, whatever its specification.

export const jobPaths = {
  desired: 'state/desired',
  by: 'state/by',
  note: 'state/note',
  rerun: 'spec/rerun',
  since: 'spec/periodic/since',
  forced: 'spec/periodic/forced',
  /** Below `x/`, so that agents which do not know it take and pass on the change; they go on rolling out what runs on them. */
  paused: 'x/paused',
  /** Above the names of groups (docs/adr/0026): the form that an operator promoted last. Agents which do not know canaries claim nothing of such a job. */
  promoted: 'x/promoted',
  /** Patterns of the pools that the job's file was for, as JSON: whoever runs the file again finds the pools that it is no longer for. */
  pools: 'x/pools',
} as const
