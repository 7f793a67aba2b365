// What a client is told when all attempts failed. The provider's own words pass only where they speak about the client's request.
import { GatewayError } from '../errors/gateway-error.ts'
import type { ErrorCode } from '../errors/catalogue.ts'
import type { FailureClass, UpstreamFailure } from '../model/answer.ts'

const CODES: { readonly [failure in FailureClass]: ErrorCode } = {
  connect_failed: 'upstream_error',
  connect_timeout: 'upstream_timeout',
  first_token_timeout: 'upstream_timeout',
  idle_timeout: 'upstream_timeout',
  total_timeout: 'upstream_timeout',
  connection_lost: 'upstream_error',
  rate_limited: 'rate_limited',
  quota_exhausted: 'upstream_error',
  overloaded: 'no_providers_available',
  server_error: 'upstream_error',
  malformed: 'upstream_malformed',
  bad_credentials: 'upstream_error',
  model_missing: 'upstream_error',
  bad_request: 'invalid_request',
  context_too_long: 'invalid_request',
  content_filtered: 'invalid_request',
  breaker_open: 'no_providers_available',
}

/** Where the provider answered nothing, or not to the end, the catalogue's sentence about its answer would mislead. */
const MESSAGES: { readonly [failure in FailureClass]?: string } = {
  connect_failed: 'The provider could not be reached.',
  connection_lost: 'The connection to the provider was lost before the answer was complete.',
}

/** Failures of our own set-up: a repeat by the client cures nothing. */
const OPERATOR_MUST_ACT = new Set<FailureClass>(['quota_exhausted', 'bad_credentials', 'model_missing'])
const ABOUT_THE_REQUEST = new Set<FailureClass>(['bad_request', 'context_too_long', 'content_filtered'])

export function errorFor(failure: UpstreamFailure, allOpen: boolean): GatewayError {
  if (allOpen) return new GatewayError('no_providers_available')
  const wait = failure.retryAfterMs === null ? {} : { retryAfterSeconds: Math.ceil(failure.retryAfterMs / 1000) }
  if (OPERATOR_MUST_ACT.has(failure.class)) {
    return new GatewayError(CODES[failure.class], {
      message: operatorMessage(failure.class),
      resolution: 'Ask the operator of the gateway; the record has the details.',
      shouldRetry: false,
    })
  }
  if (ABOUT_THE_REQUEST.has(failure.class))
    return new GatewayError('invalid_request', { message: `The provider refused the request: ${failure.message}` })
  if (failure.class === 'rate_limited')
    return new GatewayError('rate_limited', { message: 'The provider limits the rate of requests.', ...wait })
  const message = MESSAGES[failure.class]
  return new GatewayError(CODES[failure.class], message === undefined ? wait : { message, ...wait })
}

function operatorMessage(failure: FailureClass): string {
  if (failure === 'quota_exhausted') return 'The quota with the provider is used up.'
  if (failure === 'bad_credentials') return 'The provider does not accept the credential of the gateway, or it is missing.'
  return 'The provider does not know the model that is configured.'
}
