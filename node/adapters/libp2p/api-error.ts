// What can go wrong between an API client and a board, coded; the words name the peer and what to look at.

export type ApiErrorCode = 'E_UNREACHABLE' | 'E_WRONG_FLEET' | 'E_NOT_ADMITTED' | 'E_PEER_ADDRESS'

export class ApiConnectError extends Error {
  override readonly name: string = 'ApiConnectError'
  readonly code: ApiErrorCode
  constructor(code: ApiErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

export class UnreachableError extends ApiConnectError {
  override readonly name = 'UnreachableError'
  constructor(message: string) {
    super('E_UNREACHABLE', message)
  }
}
