// Sorts what OpenAI-format upstreams say when they refuse, by status and error body, into classes that decide what may be tried next.
import { classOfStatus, failureFrom } from '../../model/provider-failure.ts'
import { isObject } from './json.ts'
import type { FailureClass, UpstreamFailure } from '../../model/answer.ts'
import type { Json, JsonObject } from '../../model/value.ts'
import type { UpstreamReply } from '../../plugin/contract.ts'

/** By `error.code`, else `error.type`. */
const CLASSES = new Map<string, FailureClass>([
  ['insufficient_quota', 'quota_exhausted'],
  ['billing_hard_limit_reached', 'quota_exhausted'],
  ['billing_not_active', 'quota_exhausted'],
  ['access_terminated', 'quota_exhausted'],
  ['rate_limit_exceeded', 'rate_limited'],
  ['rate_limit_error', 'rate_limited'],
  ['requests', 'rate_limited'],
  ['tokens', 'rate_limited'],
  ['invalid_api_key', 'bad_credentials'],
  ['authentication_error', 'bad_credentials'],
  ['account_deactivated', 'bad_credentials'],
  ['model_not_found', 'model_missing'],
  ['deploymentnotfound', 'model_missing'],
  ['context_length_exceeded', 'context_too_long'],
  ['string_above_max_length', 'context_too_long'],
  ['content_filter', 'content_filtered'],
  ['content_policy_violation', 'content_filtered'],
  ['overloaded_error', 'overloaded'],
  ['engine_overloaded', 'overloaded'],
  ['server_error', 'server_error'],
  ['api_error', 'server_error'],
  ['internal_error', 'server_error'],
])

/** For a reply with a status other than 2xx. */
export function failureOf(reply: UpstreamReply): UpstreamFailure {
  const error = errorIn(reply.body)
  return failureFrom(reply, classOf(reply.status, error), messageOf(error) ?? `the provider answered ${reply.status}`)
}

/** For an error that comes as an event of a stream, where the status said that all was well. */
export function failureOfEvent(error: Json): UpstreamFailure {
  const object = isObject(error) ? error : { message: String(error) }
  const status = typeof object.code === 'number' ? object.code : typeof object.status === 'number' ? object.status : 0
  const named = classByName(object)
  const failureClass = named ?? (status >= 400 ? classOf(status, object) : 'server_error')
  return failureFrom({ status, header: () => null }, failureClass, messageOf(object) ?? 'the provider ended its stream with an error')
}

function classOf(status: number, error: JsonObject | null): FailureClass {
  const named = error === null ? null : classByName(error)
  // A name never turns a fault of the provider into one of the request, or the other way round.
  if (status >= 500) return named === 'overloaded' || status === 529 ? 'overloaded' : classOfStatus(status)
  if (named !== null) return named
  if (status === 404) return mentions(error, /model|deployment|engine/i) ? 'model_missing' : 'bad_request'
  if (status === 400 || status === 413) {
    if (mentions(error, /context (?:length|window)|maximum context|too many (?:input )?tokens|prompt is too long/i))
      return 'context_too_long'
    if (mentions(error, /content (?:management policy|filter)/i)) return 'content_filtered'
  }
  return classOfStatus(status)
}

function classByName(error: JsonObject): FailureClass | null {
  for (const name of [error.code, error.type]) {
    const known = typeof name === 'string' ? CLASSES.get(name.toLowerCase()) : undefined
    if (known !== undefined) return known
  }
  return null
}

function mentions(error: JsonObject | null, pattern: RegExp): boolean {
  return error === null || typeof error.message !== 'string' ? false : pattern.test(error.message.slice(0, 2000))
}

function messageOf(error: JsonObject | null): string | null {
  return typeof error?.message === 'string' && error.message !== '' ? error.message : null
}

/** The error object of a body, in the forms that are about: `{error: {…}}`, `{error: "…"}`, `{message: "…"}`, or a plain text. */
function errorIn(body: Buffer): JsonObject | null {
  const text = body.toString('utf8', 0, 65_536)
  try {
    const parsed = JSON.parse(text) as Json
    const first = Array.isArray(parsed) ? (parsed[0] as Json) : parsed
    if (!isObject(first)) return null
    if (isObject(first.error)) return first.error
    return typeof first.error === 'string' ? { ...first, message: first.error } : first
  } catch {
    return /^\s*</.test(text) || text.trim() === '' ? null : { message: text }
  }
}
