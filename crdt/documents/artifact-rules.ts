// Rules for artifacts: what may be fetched, and how it is known to be what was meant. Where they may be put: `task-files.ts`.

import { referencesIn } from '../interpolation.ts'
import type { ArtifactSpec } from '../given-files.ts'
import type { TaskSpec } from '../spec.ts'
import { shown } from './fault.ts'
import { modelLimits } from './model-limits.ts'
import { type RuleReport, checkCount, checkFields, fault, inside } from './rule-report.ts'
import { artifactFields } from './spec-fields.ts'

export function checkArtifacts(report: RuleReport, { artifacts = [] }: TaskSpec): void {
  checkCount(report, 'artifacts', artifacts.length, 0, modelLimits.artifactsMax)
  artifacts.forEach((artifact, index) => {
    const at = inside(report, 'artifacts', index)
    checkFields(at, artifactFields, artifact)
    checkSource(at, artifact)
    if (!/^sha256:[0-9a-f]{64}$/.test(artifact.checksum))
      fault(at, 'checksum', shown(artifact.checksum), 'sha256: and 64 hexadecimal digits in lower case, as sha256sum prints them')
  })
}

/** What a name stands for may hold the beginning as well: then only the board can tell. */
function checkSource(report: RuleReport, { source }: ArtifactSpec): void {
  const isNamed = referencesIn(source)[0] !== undefined && source.startsWith('${')
  if (!isNamed && !/^https?:\/\/[^/]/.test(source))
    fault(report, 'source', shown(source), 'an address that begins with https:// or http://')
  else if (/\s/.test(source)) fault(report, 'source', shown(source), 'an address without spaces')
  else if (/^https?:\/\/[^/]*@/.test(source))
    fault(report, 'source', 'a login in it', 'an address without a login: every board and operator can read a job')
}
