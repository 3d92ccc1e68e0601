// The reasons for which the gate refuses an envelope. Codes are stable: they are counted, shown and documented.

export type GateCode =
  | 'E_SIZE' // envelope, change or document would exceed its limit
  | 'E_FRAME' // the envelope's bytes do not have the shape of one
  | 'E_FLEET' // made for another fleet
  | 'E_POOL' // names another pool than its document
  | 'E_DOC_ID' // no such kind of document, or not this document
  | 'E_RIGHT' // its author may not write this document
  | 'E_SIGNATURE' // not signed by the key that it names
  | 'E_EPOCH_OLD' // the document has moved on to a higher epoch
  | 'E_CHUNK' // not one plain, uncompressed change
  | 'E_CHECKSUM' // the change's own checksum does not fit
  | 'E_DECODE' // the change cannot be decoded
  | 'E_ACTOR' // the change's actor is not the one that this author has for this document
  | 'E_SEQ' // sequence numbers do not follow one another
  | 'E_MISSING' // earlier changes or dependencies are not here yet: ask the sender again
  | 'E_EQUIVOCATION' // the author signed two different changes under one sequence number
  | 'E_DEPS' // malformed dependencies, or the author's own previous change is not among them
  | 'E_START_OP' // operation numbers do not follow from the dependencies
  | 'E_OPS' // something else than writing registers, or too much of it
  | 'E_KEY' // a register that this kind of document does not have
  | 'E_VALUE' // a value that this register cannot hold
  | 'E_PREDECESSOR' // does not overwrite exactly what its author could see
  | 'E_CANONICAL' // not the encoding that Automerge itself would write
  | 'E_SHADOW' // a trial application failed: applying, saving or loading again

export const gateCodes: readonly GateCode[] = [
  'E_SIZE',
  'E_FRAME',
  'E_FLEET',
  'E_POOL',
  'E_DOC_ID',
  'E_RIGHT',
  'E_SIGNATURE',
  'E_EPOCH_OLD',
  'E_CHUNK',
  'E_CHECKSUM',
  'E_DECODE',
  'E_ACTOR',
  'E_SEQ',
  'E_MISSING',
  'E_EQUIVOCATION',
  'E_DEPS',
  'E_START_OP',
  'E_OPS',
  'E_KEY',
  'E_VALUE',
  'E_PREDECESSOR',
  'E_CANONICAL',
  'E_SHADOW',
]
