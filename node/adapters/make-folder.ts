// Makes a folder and its parents. Node's own recursive `mkdir` never returns where the kernel answers ENOENT for a folder whose
// parent exists (/proc), so the climb is done here, where it ends.

import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

export async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    const code = (error as { code?: string }).code
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return
    const parent = dirname(path)
    if (code !== 'ENOENT' || parent === path) throw error
    await makeFolder(parent, mode)
    await mkdir(path, { mode })
  }
}
