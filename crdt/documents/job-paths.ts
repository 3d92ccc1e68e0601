// Registers of a job document that say what shall become of the job, whatever its specification.

export const jobPaths = { desired: 'state/desired', by: 'state/by', note: 'state/note', rerun: 'spec/rerun' } as const
