// The form: a hash of those parts of a group that cannot change without a restart (Nomad's destructive set: driver, user, config,
// environment, resources, network, volumes, metadata, templates, artifacts, devices, task set, disk). Everything else is changed in place: count, constraints,
// restart, update and disconnect policies, kill signal and timeout, log sizes, the job's variables. It is taken over registers, where defaults are absent,
// so an agent that knows a new optional field computes the same form for a job that does not use it: upgrading restarts nothing.

import type { Crypto } from '../crypto.ts'
import type { Form } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import { type GroupSpec, type JobSpec, isRunOnce } from '../spec.ts'
import { canonicalText, shortHash } from './canonical.ts'
import { jobDefaults } from './defaults.ts'
import { artifactFields, groupFields, taskFields, templateFields } from './spec-fields.ts'
import { writeArtifacts, writeDeviceAsks, writeEntries, writeFields, writePorts, writeTemplates, writeVolumes } from './spec-writer.ts'

const groupParts = groupFields(jobDefaults).filter((field) => field.restarts)
const taskParts = taskFields.filter((field) => field.restarts)
const artifactParts = artifactFields.filter((field) => field.restarts)
const templateParts = templateFields.filter((field) => field.restarts)

export function formOf(crypto: Crypto, spec: JobSpec, group: GroupSpec): Form {
  const parts = new Map<string, Scalar>()
  writeFields(parts, '', groupParts, group)
  writePorts(parts, '', group)
  // What is complete is so at its form: another order to run is another form.
  if (isRunOnce(spec) && spec.rerun !== undefined) parts.set('rerun', spec.rerun)
  if (spec.dispatched?.payload !== undefined) parts.set('payload', spec.dispatched.payload)
  for (const task of group.tasks) {
    const at = `tasks/${task.name}/`
    writeFields(parts, at, taskParts, task)
    writeVolumes(parts, at, task)
    writeTemplates(parts, at, templateParts, task)
    writeDeviceAsks(parts, at, task)
    writeArtifacts(parts, at, artifactParts, task)
    writeEntries(parts, `${at}env/`, task.env)
    // What the task sees: its own metadata over its group's over the job's. Moving an entry between them changes nothing for it.
    writeEntries(parts, `${at}meta/`, { ...spec.meta, ...group.meta, ...task.meta })
  }
  return shortHash(crypto, canonicalText(parts), 16) as Form
}
