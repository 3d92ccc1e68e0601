// Where a path stands in the file. What is missing is shown at the nearest thing that is there: the map that lacks it.

import { type PathParts, type Place, type Source, pathOf } from './source.ts'

export function locate(source: Source, parts: PathParts, at: 'value' | 'key' = 'value'): Place {
  for (let length = parts.length; length > 0; length--) {
    const path = pathOf(parts.slice(0, length))
    // A whole path is shown at its value (that is what is wrong), a part of one at its key.
    const [first, second] = length === parts.length && at === 'value' ? [source.values, source.keys] : [source.keys, source.values]
    const place = first.get(path) ?? second.get(path)
    if (place !== undefined) return place
  }
  return source.values.get('') ?? { line: 1, column: 1 }
}
