// What Anthropic's errors mean (docs.anthropic.com, "Errors"), in the classes that decide what may be tried next.
import {
  classOfStatus,
  failureFrom,
  type FailureClass,
  type Json,
  type JsonObject,
  type UpstreamFailure,
  type UpstreamReply,
} from '../../core/plugin/index.ts'
import { isObject, isText, parseOrUndefined } from './json.ts'

const CLASSES: { readonly [type: string]: FailureClass } = {
  invalid_request_error: 'bad_request',
  authentication_error: 'bad_credentials',
  permission_error: 'bad_credentials',
  billing_error: 'quota_exhausted',
  not_found_error: 'bad_request',
  request_too_large: 'context_too_long',
  rate_limit_error: 'rate_limited',
  timeout_error: 'server_error',
  api_error: 'server_error',
  overloaded_error: 'overloaded',
}

export function failureOf(reply: UpstreamReply): UpstreamFailure {
  const body = parseOrUndefined(reply.body.toString('utf8', 0, 65_536))
  const error = isObject(body) && isObject(body.error) ? body.error : null
  return failureFrom(reply, classOf(reply.status, error), messageOf(error) ?? `the provider answered ${reply.status}`)
}

/** For an `error` event inside a stream, where the status said that all was well. */
export function failureOfEvent(value: Json | undefined): UpstreamFailure {
  const error = isObject(value) ? value : null
  return failureFrom(
    { status: 200, header: () => null },
    classOf(500, error),
    messageOf(error) ?? 'the provider ended its stream with an error',
  )
}

function classOf(status: number, error: JsonObject | null): FailureClass {
  const message = messageOf(error) ?? ''
  const named = isText(error?.type) && Object.hasOwn(CLASSES, error.type) ? CLASSES[error.type]! : classOfStatus(status)
  if (named !== 'bad_request') return named
  if (status === 404 && /model/i.test(message)) return 'model_missing'
  if (/prompt is too long|exceed(?:s|ed)? (?:the )?context|too many tokens/i.test(message)) return 'context_too_long'
  if (/credit balance|billing|usage limits/i.test(message)) return 'quota_exhausted'
  return /content filter/i.test(message) ? 'content_filtered' : 'bad_request'
}

function messageOf(error: JsonObject | null): string | null {
  return isText(error?.message) && error.message !== '' ? error.message : null
}
