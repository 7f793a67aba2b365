// provider.openai: any endpoint that speaks OpenAI's chat completions. The client's bytes go out as they came; the model's name and
// what a stream needs for its account are spliced in.
import type { HttpCall, Json, Plugin, ProviderAdapter, RenderedRequest, Target } from '../../core/plugin/index.ts'

const DEFAULT_ENDPOINT = 'https://api.openai.com/v1'
/** Headers that a policy may add; all others stay inside. Those of the client never get here. */
const ALLOWED_HEADERS = new Set([
  'openai-organization',
  'openai-project',
  'openai-beta',
  'http-referer',
  'traceparent',
  'tracestate',
  'baggage',
])
/** Custom headers, except those by which proxies are told who is calling. */
const ALLOWED_PREFIX = /^x-(?!forwarded|real-ip|api-key|amz-|sallyport-)[a-z0-9-]+$/

export const openAiAdapter: ProviderAdapter = {
  type: 'openai',
  defaultEndpoint: DEFAULT_ENDPOINT,
  needsCredential: true,
  prepare,
}

export const openai: Plugin<object> = {
  name: 'provider.openai',
  apiVersion: 1,
  summary: 'OpenAI, and every endpoint that speaks its chat completions.',
  config: { type: 'object', additionalProperties: false, properties: {} },
  onFailure: {},
  budgetMs: {},
  setup: () => ({ providers: [openAiAdapter] }),
}

function prepare(request: RenderedRequest, target: Target, credential: string | null): HttpCall {
  const headers: { [name: string]: string } = {
    'content-type': 'application/json',
    accept: request.stream ? 'text/event-stream' : 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'sallyport',
    ...allowedHeaders(request.headers),
  }
  if (credential !== null) headers.authorization = `Bearer ${credential}`
  return {
    method: 'POST',
    url: `${target.provider.endpoint ?? DEFAULT_ENDPOINT}/chat/completions`,
    headers,
    body: request.bytes(additions(request, target)),
  }
}

/** Members that the outgoing body needs and the client's may lack. */
function additions(request: RenderedRequest, target: Target): { readonly [name: string]: Json } {
  const body = request.body()
  const set: { [name: string]: Json } = { model: target.upstreamModel }
  if (request.stream) {
    const options = body.stream_options
    // Without the usage chunk nobody would know what a stream cost.
    set.stream_options = {
      ...(typeof options === 'object' && options !== null && !Array.isArray(options) ? options : {}),
      include_usage: true,
    }
  }
  const { max_tokens: older, max_completion_tokens: newer } = body
  // OpenAI refuses both at once; policies may have added the one that the client did not use.
  if (typeof older === 'number' && typeof newer === 'number') {
    set.max_completion_tokens = Math.min(older, newer)
    set.max_tokens = null
  }
  return set
}

function allowedHeaders(headers: { readonly [name: string]: string }): { readonly [name: string]: string } {
  const allowed: { [name: string]: string } = {}
  for (const name in headers) {
    const lower = name.toLowerCase()
    if (ALLOWED_HEADERS.has(lower) || ALLOWED_PREFIX.test(lower)) allowed[lower] = headers[name]!
  }
  return allowed
}
