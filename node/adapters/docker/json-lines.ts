// The engine's endless answers (events, pull progress): one JSON object a line. A line that is no JSON is skipped.

// Events carry all labels of a container and stay far below; what is longer is not kept in memory.
const lineCharsMax = 256 * 1024

export async function* jsonLines(stream: AsyncIterable<unknown>): AsyncGenerator<Readonly<Record<string, unknown>>> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk as Uint8Array, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > lineCharsMax) rest = ''
    for (const line of lines) {
      const value = parseObject(line)
      if (value !== undefined) yield value
    }
  }
  const last = parseObject(rest)
  if (last !== undefined) yield last
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
