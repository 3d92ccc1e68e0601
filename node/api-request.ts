// A request's bytes as a request: JSON of a known shape, or a refusal. The core may rely on every field's type afterwards; what the
// values mean (which job, which node) is its own business. Unknown methods pass, so that the core can say that it is older than
// the caller.

import FastestValidator, { type AsyncCheckFunction, type SyncCheckFunction, type ValidationError } from 'fastest-validator'

import type { Request } from '../crdt/api-types.ts'
import { type Result, ok, refuse } from '../crdt/errors.ts'

// fastest-validator's types describe a CommonJS default export that Node's ESM loader hands over as it is.
const Validator = FastestValidator as unknown as typeof FastestValidator.default

const name = { type: 'string', max: 512 }
const envelopes = { type: 'array', items: { type: 'string', max: 262_144 }, max: 1_024 }
const pool = { type: 'string', max: 63, optional: true }
const method = { type: 'string', max: 64 }
/** A driver may have to hold the whole end of a log before it can send its first byte. */
const tailBytesMax = 16 * 1_024 * 1_024
const count = { type: 'number', integer: true, min: 0, max: 1_000_000_000 }

const shapes: Readonly<Record<Request['method'], object>> = {
  status: {},
  doctor: { alone: { type: 'boolean', optional: true } },
  'fleet.status': {},
  'job.list': {},
  'job.status': { job: name, follow: { type: 'boolean', optional: true } },
  'job.explain': { job: name },
  'job.history': { job: name },
  'doc.get': { doc: name },
  'doc.list': { author: { ...name, optional: true } },
  'doc.receipts': { doc: name },
  'doc.put': { envelopes, confirm: { ...count, optional: true }, timeoutMs: { ...count, optional: true } },
  'job.plan': { envelopes, job: name },
  'node.list': {},
  'node.pending': {},
  'node.status': { node: name },
  'node.forgive': { node: name },
  'alloc.list': {},
  'alloc.status': { alloc: name },
  'alloc.checks': { alloc: name },
  'alloc.logs': {
    alloc: name,
    task: { ...name, optional: true },
    stream: { type: 'enum', values: ['stdout', 'stderr'] },
    follow: 'boolean',
    tailBytes: { ...count, max: tailBytesMax, nullable: true },
  },
  'psk.offer': { key: { type: 'string', max: 64 } },
  'psk.get': {},
  'fault.cut': { peers: { type: 'array', items: name, max: 10_000, nullable: true } },
}

type Check = SyncCheckFunction | AsyncCheckFunction
const validator = new Validator({ haltOnFirstError: false })
const checks = new Map<string, Check>()

export function parseRequest(bytes: Uint8Array): Result<Request, 'E_REQUEST'> {
  let value: unknown
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    return refuse('E_REQUEST', 'the request is not JSON')
  }
  if (typeof value !== 'object' || value === null || typeof (value as { method?: unknown }).method !== 'string') {
    return refuse('E_REQUEST', 'the request is not an object with a method')
  }
  const request = value as Request
  const found = faultsOf(request)
  if (found === null) return refuse('E_REQUEST', 'the request is nested too deeply')
  if (found === true) return ok(request)
  return refuse(
    'E_REQUEST',
    `request '${request.method.slice(0, 40)}': ${found.map((fault) => `${fault.field}: ${fault.message ?? fault.type}`).join(' ')}`,
  )
}

/** null: the validator ran out of stack while it put a value into words. */
function faultsOf(request: Request): true | ValidationError[] | null {
  try {
    return checkOf(request.method)(request) as true | ValidationError[]
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function checkOf(wanted: string): Check {
  const shape = Object.hasOwn(shapes, wanted) ? shapes[wanted as Request['method']] : null
  const key = shape === null ? '' : wanted
  const known = checks.get(key)
  if (known !== undefined) return known
  // Fields that a newer CLI adds are none of our business, so unknown ones are let through.
  const check = validator.compile({ ...shape, method, pool })
  checks.set(key, check)
  return check
}
