// Every document is, to everyone but `replica.ts`, a flat map of registers: path → scalar. Paths are `/`-separated; a register
// that was deleted holds null (deletion is a field: a map key that is really deleted loses the other side's edits).

/** Strings are immutable in Automerge (never collaborative text); integers lie strictly between ±(2^53 − 1). */
export type Scalar = string | number | boolean | null

export type Registers = ReadonlyMap<string, Scalar>

/** The registers whose value is not null, below `prefix/`, with the prefix taken off. */
export function below(registers: Registers, prefix: string): Map<string, Scalar> {
  const found = new Map<string, Scalar>()
  for (const [path, value] of registers) {
    if (value !== null && path.startsWith(prefix + '/')) found.set(path.slice(prefix.length + 1), value)
  }
  return found
}

/** What must be written so that `from` reads as `to`: changed and new paths, and null for those that `to` lacks. */
export function difference(from: Registers, to: Registers): Map<string, Scalar> {
  const changes = new Map<string, Scalar>()
  for (const [path, value] of to) if ((from.get(path) ?? null) !== value) changes.set(path, value)
  for (const [path, value] of from) if (value !== null && !to.has(path)) changes.set(path, null)
  return changes
}
