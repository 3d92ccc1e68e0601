// The agent in a container: a Compose file and a Dockerfile around the overlay's own files. The program goes into the image, the
// fleet's secrets do not: they are mounted.

import { join } from 'node:path'
import type { BundleInput } from './bundle.ts'
import type { BundleFile } from './files.ts'

export function composeFiles({ program }: BundleInput): BundleFile[] {
  return [{ path: 'compose', content: { copyOf: join(program, 'board/compose') } }]
}
