// A file with a secret that is written again: the old content or the new one, on disk, whenever the power goes; for nobody else to read.

import { open, rename } from 'node:fs/promises'

export async function replaceSecretFile(path: string, text: string): Promise<void> {
  const beside = `${path}.new`
  const file = await open(beside, 'w', 0o600)
  try {
    // One that is left of an earlier try has whatever mode it had.
    await file.chmod(0o600)
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(beside, path)
}
