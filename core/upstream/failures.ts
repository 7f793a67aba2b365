// Turns everything that can go wrong with an upstream call, short of what the provider itself said, into a classified failure.
import type { FailureClass, UpstreamFailure } from '../model/answer.ts'

const MAX_MESSAGE_CHARS = 1000

/** What the HTTP transport reports: it knows best whether the connection ever stood. */
export class TransportError extends Error {
  readonly failureClass: FailureClass

  constructor(failureClass: FailureClass, message: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'TransportError'
    this.failureClass = failureClass
  }
}

export function makeFailure(failureClass: FailureClass, message: string, details: Partial<UpstreamFailure> = {}): UpstreamFailure {
  return {
    status: 0,
    retryAfterMs: null,
    upstreamRequestId: null,
    ...details,
    class: failureClass,
    message: message.length > MAX_MESSAGE_CHARS ? message.slice(0, MAX_MESSAGE_CHARS) : message,
  }
}

/** The failure behind an error of a transport; a plain error counts as a lost connection. */
export function failureOfTransport(error: Error): UpstreamFailure {
  return makeFailure(error instanceof TransportError ? error.failureClass : 'connection_lost', error.message)
}

const TIMEOUT_MESSAGES = {
  first_token_timeout: 'the provider sent nothing of its answer within `timeouts.firstTokenMs`',
  idle_timeout: 'the provider fell silent in the middle of its answer for longer than `timeouts.idleMs`',
  total_timeout: 'the answer took longer than `timeouts.totalMs`',
} as const

export function failureOfTimeout(reason: keyof typeof TIMEOUT_MESSAGES): UpstreamFailure {
  return makeFailure(reason, TIMEOUT_MESSAGES[reason])
}

/** Sorts an error of undici or the socket, by whether the request had begun to leave. */
export function classifySocketError(error: Error & { code?: string }, connected: boolean): TransportError {
  const code = error.code ?? ''
  const detail = code === '' || error.message.includes(code) ? error.message : `${error.message} (${code})`
  if (!connected) {
    const slow = code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT'
    if (slow) return new TransportError('connect_timeout', 'no connection to the provider within `timeouts.connectMs`', error)
    const refused = code.startsWith('UND_ERR_INVALID') || code === 'UND_ERR_NOT_SUPPORTED'
    if (refused) return new TransportError('bad_request', `the request can not be sent: ${detail}`, error)
    return new TransportError('connect_failed', `no connection to the provider: ${detail}`, error)
  }
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new TransportError('malformed', `the provider does not speak HTTP/1.1: ${detail}`, error)
  }
  return new TransportError('connection_lost', `the connection to the provider broke: ${detail}`, error)
}
