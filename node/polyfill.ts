// Node 20 has no `Promise.withResolvers`, and libp2p calls it (facts/libp2p.md, section 0). Imported first by every module
// that imports libp2p, and by the entry points; it does nothing where the function exists.

interface Resolvers<T> {
  promise: Promise<T>
  resolve: (value: T | PromiseLike<T>) => void
  reject: (reason?: unknown) => void
}

const constructor = Promise as typeof Promise & { withResolvers?: <T>() => Resolvers<T> }

constructor.withResolvers ??= function withResolvers<T>(): Resolvers<T> {
  let resolve!: Resolvers<T>['resolve']
  let reject!: Resolvers<T>['reject']
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
