// The pure folders are compiled without Node and without DOM types, so that a clock, a timer or a socket is a type error.
// These two are plain functions of their input and exist on every runtime that we support.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>
}
declare class TextDecoder {
  constructor(label?: 'utf-8', options?: { fatal?: boolean })
  decode(bytes: Uint8Array): string
}
// Only named in the adapters' interfaces; nothing pure makes or listens to one.
interface AbortSignal {
  readonly aborted: boolean
}
