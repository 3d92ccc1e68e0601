// How an answer reaches the reader: as JSON or YAML (the API's own field names, coverage included), or as a table for people
// with the coverage line on stderr, so that a pipe gets the data alone.

import { stringify } from 'yaml'
import type { Coverage, Reply } from '../crdt/api-types.ts'
import { CliError } from './errors.ts'
import type { Io, Out } from './io.ts'
import { coverageLine } from './render/coverage.ts'
import { type Paint, painter } from './render/paint.ts'

export const outputFormats = ['table', 'json', 'yaml'] as const
export type OutputFormat = (typeof outputFormats)[number]

export function parseFormat(text: string | undefined): OutputFormat {
  const format = outputFormats.find((one) => one === (text ?? 'table'))
  if (format === undefined) throw new CliError('E_USAGE', `--output: found '${text}'; allowed: ${outputFormats.join(', ')}`)
  return format
}

export function paintFor(io: Io, out: Out = io.stdout): Paint {
  const noColor = io.env['NO_COLOR']
  return painter(out.isTty && (noColor === undefined || noColor === '') && io.env['TERM'] !== 'dumb')
}

export function printData(io: Io, format: OutputFormat, data: unknown): void {
  io.stdout.write(format === 'yaml' ? stringify(data) : `${JSON.stringify(data, null, 2)}\n`)
}

/** A read's answer: data, or `render`ed for people with the coverage line. */
export function printReply<R extends { readonly kind?: Reply['kind']; readonly coverage: Coverage }>(
  { io, format }: { readonly io: Io; readonly format: OutputFormat },
  reply: R,
  render: (reply: R, paint: Paint) => string,
): void {
  if (format !== 'table') {
    const { kind: _, ...data } = reply
    printData(io, format, data)
    return
  }
  const text = render(reply, paintFor(io))
  io.stdout.write(text.endsWith('\n') || text === '' ? text : `${text}\n`)
  io.stderr.write(`${paintFor(io, io.stderr).dim(coverageLine(reply.coverage))}\n`)
}
