// A specification as registers: `spec/…`, in the words of the job file, with units in the names. What equals its default is not
// written, so documents stay small and a later field with a default changes nothing about jobs that exist. The reverse is
// `spec-reader.ts`; deletions are the business of whoever compares two of these maps (`difference`).

import type { Scalar } from '../registers.ts'
import type { ArtifactSpec, TemplateSpec } from '../given-files.ts'
import type { Affinity, Constraint, GroupSpec, JobSpec, TaskSpec } from '../spec.ts'
import { writeDispatch } from './dispatch-codec.ts'
import type { Field } from './field.ts'
import { encodePart } from './path-part.ts'
import { writeAffinity, writeConstraint } from './placement-codec.ts'
import { artifactFields, checkFields, deviceFields, groupFields, jobFields, taskFields, templateFields } from './spec-fields.ts'

type Out = Map<string, Scalar>

export function specToRegisters(spec: JobSpec): Map<string, Scalar> {
  const out: Out = new Map()
  writeFields(out, 'spec/', jobFields, spec)
  writeScope(out, 'spec/', spec)
  writeEntries(out, 'spec/variables/', spec.variables ?? {})
  writeDispatch(out, spec)
  for (const group of spec.groups) writeGroup(out, `spec/groups/${group.name}/`, group, spec)
  return out
}

function writeGroup(out: Out, at: string, group: GroupSpec, job: JobSpec): void {
  writeFields(out, at, groupFields(job), group)
  writeScope(out, at, group)
  for (const spread of group.spread) {
    const below = `${at}spread/${encodePart(spread.attribute)}/`
    // Written even when it is the default: it says that the spread is there.
    out.set(`${below}weight`, spread.weight)
    for (const target of spread.targets) out.set(`${below}targets/${encodePart(target.value)}`, target.percent)
  }
  writePorts(out, at, group)
  for (const task of group.tasks) writeTask(out, `${at}tasks/${task.name}/`, task)
}

function writeTask(out: Out, at: string, task: TaskSpec): void {
  writeFields(out, at, taskFields, task)
  writeScope(out, at, task)
  writeEntries(out, `${at}env/`, task.env)
  writeVolumes(out, at, task)
  writeTemplates(out, at, templateFields, task)
  writeDeviceAsks(out, at, task)
  writeArtifacts(out, at, artifactFields, task)
  for (const check of task.checks ?? []) {
    writeFields(out, `${at}checks/${check.name}/`, checkFields, check)
    writeEntries(out, `${at}checks/${check.name}/header/`, check.headers)
  }
}

function writeScope(
  out: Out,
  at: string,
  scope: { constraints: readonly Constraint[]; affinities: readonly Affinity[]; meta: Readonly<Record<string, string>> },
): void {
  for (const [id, value] of scope.constraints.map(writeConstraint)) out.set(`${at}constraints/${id}`, value)
  for (const [id, value] of scope.affinities.map(writeAffinity)) out.set(`${at}affinities/${id}`, value)
  writeEntries(out, `${at}meta/`, scope.meta)
}

export function writeFields<T>(out: Out, at: string, fields: readonly Field<T>[], value: T): void {
  for (const field of fields) {
    const scalar = field.of(value)
    if (scalar !== null && scalar !== field.fallback) out.set(at + field.register, scalar)
  }
}

export function writeEntries(out: Out, at: string, entries: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(entries)) out.set(at + encodePart(key), value)
}

/** `static` 0 is a dynamic port: some register has to say that the port is there. */
export function writePorts(out: Out, at: string, group: GroupSpec): void {
  for (const port of group.network.ports) {
    out.set(`${at}network/ports/${port.label}/static`, port.static ?? 0)
    if (port.to !== null) out.set(`${at}network/ports/${port.label}/to`, port.to)
  }
}

export function writeVolumes(out: Out, at: string, task: TaskSpec): void {
  for (const volume of task.config.volumes) out.set(`${at}config/volumes/${encodePart(containerPath(volume))}`, volume)
}

export function writeTemplates(out: Out, at: string, fields: readonly Field<TemplateSpec>[], { templates = [] }: TaskSpec): void {
  for (const template of templates) {
    const below = `${at}templates/${encodePart(template.destination)}/`
    out.set(`${below}data`, template.data)
    writeFields(out, below, fields, template)
  }
}

export function writeDeviceAsks(out: Out, at: string, { devices = [] }: TaskSpec): void {
  for (const ask of devices) {
    const below = `${at}resources/devices/${encodePart(ask.name)}/`
    writeFields(out, below, deviceFields, ask)
    for (const [id, value] of ask.constraints.map(writeConstraint)) out.set(`${below}constraints/${id}`, value)
  }
}

export function writeArtifacts(out: Out, at: string, fields: readonly Field<ArtifactSpec>[], { artifacts = [] }: TaskSpec): void {
  for (const artifact of artifacts) writeFields(out, `${at}artifacts/${encodePart(artifact.destination)}/`, fields, artifact)
}

/** The part of `source:container-path[:ro]` that no two volumes of a task share. */
export function containerPath(volume: string): string {
  return volume.split(':')[1] ?? volume
}
