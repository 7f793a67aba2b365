// Turns a provider's refusal into an `UpstreamFailure`: bounded, without credentials, with the time it asks to wait.
// Shared by the reader of OpenAI's format and by provider plugins.
import type { FailureClass, UpstreamFailure } from './answer.ts'

const MAX_MESSAGE_CHARS = 1000
const MAX_RETRY_AFTER_MS = 24 * 60 * 60 * 1000
/** Keys by their usual prefixes, bearer tokens, and any long run without a break that is no word. */
const CREDENTIAL =
  /\b(?:(?:sk|pk|rk|xai|gsk|sp_live|api[-_]?key|key)[-_][\w*.-]{6,}|AIza[\w-]{10,}|Bearer\s+[\w.~+/*=-]{6,}|(?=\w*\d)(?=\w*[A-Za-z])\w{32,})/gi

export interface FailureReply {
  readonly status: number
  header(name: string): string | null
}

export function failureFrom(reply: FailureReply, failureClass: FailureClass, message: string): UpstreamFailure {
  return {
    class: failureClass,
    status: reply.status,
    message: safeMessage(message),
    retryAfterMs: retryAfterMs(reply),
    upstreamRequestId: reply.header('x-request-id') ?? reply.header('request-id'),
  }
}

/** At most 1,000 characters, control characters and anything like a key taken out. */
export function safeMessage(message: string): string {
  // Cut before searching too, so that the cost is bounded; a key across the cut loses its end and is cut off again below.
  const bounded = message.slice(0, 2 * MAX_MESSAGE_CHARS).replace(CREDENTIAL, '[credential]')
  return bounded
    .replace(/[\p{Cc}\p{Cs}]+/gu, ' ')
    .trim()
    .slice(0, MAX_MESSAGE_CHARS)
}

/** `retry-after-ms`, else `retry-after` in seconds or as a date (RFC 9110, 10.2.3); null when it says nothing sensible. */
function retryAfterMs(reply: FailureReply): number | null {
  const ms = boundedMs(reply.header('retry-after-ms'), 1)
  if (ms !== null) return ms
  const value = reply.header('retry-after')
  const seconds = boundedMs(value, 1000)
  // Date.parse takes nearly anything; an HTTP date begins with its weekday.
  if (seconds !== null || value === null || !/^[A-Z][a-z]{2}/.test(value)) return seconds
  const until = Date.parse(value) - Date.now()
  return Number.isNaN(until) ? null : Math.min(Math.max(0, until), MAX_RETRY_AFTER_MS)
}

function boundedMs(value: string | null, unit: number): number | null {
  if (value === null || !/^\s*\d+(?:\.\d+)?\s*$/.test(value)) return null
  return Math.min(Math.ceil(Number(value) * unit), MAX_RETRY_AFTER_MS)
}

/** The class that a status says by itself, where no body tells more. */
export function classOfStatus(status: number): FailureClass {
  if (status === 401 || status === 403) return 'bad_credentials'
  if (status === 402) return 'quota_exhausted'
  if (status === 429) return 'rate_limited'
  if (status === 503 || status === 529) return 'overloaded'
  if (status === 408 || status === 409 || status === 425 || status >= 500) return 'server_error'
  // A redirect is not followed: the provider answered something that is not in its protocol.
  return status < 400 ? 'malformed' : 'bad_request'
}
