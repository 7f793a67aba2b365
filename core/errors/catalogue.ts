// Every error code that a client can see, with its status. `docs/errors.md` is tied to this table, both ways, by a test.

export interface CatalogueEntry {
  readonly status: number
  readonly message: string
  /** What the caller can do. */
  readonly resolution: string
  /** The default of `x-should-retry`: true only where the same request may succeed later. */
  readonly shouldRetry: boolean
  readonly retryAfterSeconds?: number
}

const refused = (status: number, message: string, resolution: string): CatalogueEntry => ({
  status,
  message,
  resolution,
  shouldRetry: false,
})
const passing = (status: number, message: string, resolution: string, retryAfterSeconds?: number): CatalogueEntry => ({
  status,
  message,
  resolution,
  shouldRetry: true,
  ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
})

export const CATALOGUE = {
  invalid_request: refused(400, 'The request is not valid.', 'Correct the request as the message says.'),
  pii_detected: refused(400, 'Personal data or a secret stands where it cannot be removed.', 'Remove it from the request.'),
  unscannable_content: refused(
    400,
    'The request holds content that cannot be inspected.',
    'Send the content itself, or ask for a feature that allows it.',
  ),
  invalid_api_key: refused(
    401,
    'The API key is missing, unknown, revoked or expired.',
    'Send a valid key as `Authorization: Bearer KEY` or `x-api-key: KEY`.',
  ),
  feature_not_enabled: refused(
    403,
    'The feature is not enabled for this tenant or key.',
    'Use a feature that is enabled, or ask your administrator for it.',
  ),
  model_not_allowed: refused(403, 'The model is not allowed for this key or feature.', 'Use a model that `GET /v1/models` lists.'),
  ip_not_allowed: refused(
    403,
    'The key may not be used from this address.',
    'Call from an allowed network, or change the allowed addresses of the key.',
  ),
  scope_missing: refused(403, 'The key lacks the scope that this endpoint needs.', 'Ask your administrator for a key with the scope.'),
  policy_denied: refused(403, 'A policy refused the request.', 'See `reason` and `policy`.'),
  model_not_found: refused(404, 'No active model has this name.', 'Use a model that `GET /v1/models` lists.'),
  unknown_endpoint: refused(
    404,
    'There is no such endpoint.',
    'Use `POST /v1/chat/completions` or `GET /v1/models`; docs/api.md has all endpoints.',
  ),
  approval_required: refused(409, 'The request needs an approval.', 'Ask for the approval and repeat with `x-sallyport-approval`.'),
  body_too_large: refused(413, 'The request body is too large.', 'Send a smaller body, or raise `server.maxBodyBytes`.'),
  quota_exceeded: refused(429, 'The token quota is used up.', 'Wait for the next window, or ask for a larger quota.'),
  budget_exceeded: refused(429, 'The budget is used up.', 'Wait for the next window, or ask for a larger budget.'),
  max_cost_exceeded: refused(
    429,
    'The request could cost more than `x-sallyport-max-cost` allows.',
    'Allow a higher cost, or ask for less output.',
  ),
  rate_limited: passing(429, 'Too many requests or tokens per minute.', 'Wait as long as `retry-after` says.'),
  too_many_concurrent: passing(429, 'Too many requests at once.', 'Wait until one of them has ended.', 1),
  upstream_error: passing(502, 'The provider answered with an error.', 'Try again; the details are in the record.'),
  upstream_malformed: passing(
    502,
    'The provider answered something that is not in its protocol.',
    'Try again; the details are in the record.',
  ),
  no_providers_available: passing(503, 'No provider is available for this model.', 'Try again later.', 30),
  record_unavailable: passing(
    503,
    'The record cannot be written, so nothing is sent.',
    'Try again later; the operator must free the spool.',
    30,
  ),
  state_unavailable: passing(503, 'The state store cannot be reached.', 'Try again later.', 5),
  draining: passing(503, 'This gateway is shutting down.', 'Try again; another instance answers.', 5),
  upstream_timeout: passing(504, 'The provider did not answer in time.', 'Try again, or raise the timeouts of the provider.'),
} as const satisfies Record<string, CatalogueEntry>

export type ErrorCode = keyof typeof CATALOGUE
