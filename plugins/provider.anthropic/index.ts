// provider.anthropic: chat completions over Anthropic's Messages API, unary and streamed.
import { failureOf } from './failure.ts'
import { MessagesStreamReader } from './stream.ts'
import { readAnswer } from './answer.ts'
import { toMessagesRequest } from './request.ts'
import type { HttpCall, Plugin, ProviderAdapter, RenderedRequest, Target } from '../../core/plugin/index.ts'

const DEFAULT_ENDPOINT = 'https://api.anthropic.com/v1'
const API_VERSION = '2023-06-01'
/** Headers that a policy may add. */
const ALLOWED_HEADERS = new Set(['anthropic-beta', 'traceparent', 'tracestate', 'baggage'])

/** The adapter; `nowMs` gives the time that answers are stamped with, since Anthropic's carry none. */
export function anthropicAdapter(nowMs: () => number): ProviderAdapter {
  const nowSeconds = (): number => Math.floor(nowMs() / 1000)
  return {
    type: 'anthropic',
    defaultEndpoint: DEFAULT_ENDPOINT,
    needsCredential: true,
    prepare,
    reader: {
      unary: (reply) => readAnswer(reply, nowSeconds()),
      openStream: () => new MessagesStreamReader(nowSeconds()),
      failure: failureOf,
    },
  }
}

export const anthropic: Plugin<object> = {
  name: 'provider.anthropic',
  apiVersion: 1,
  summary: "Claude models over Anthropic's Messages API.",
  config: { type: 'object', additionalProperties: false, properties: {} },
  onFailure: {},
  budgetMs: {},
  setup: (_config, host) => ({ providers: [anthropicAdapter(() => host.clock.now())] }),
}

function prepare(request: RenderedRequest, target: Target, credential: string | null): HttpCall {
  const headers: { [name: string]: string } = {
    'content-type': 'application/json',
    accept: request.stream ? 'text/event-stream' : 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'sallyport',
    'anthropic-version': API_VERSION,
  }
  for (const name in request.headers) if (ALLOWED_HEADERS.has(name.toLowerCase())) headers[name.toLowerCase()] = request.headers[name]!
  if (credential !== null) headers['x-api-key'] = credential
  return {
    method: 'POST',
    url: `${target.provider.endpoint ?? DEFAULT_ENDPOINT}/messages`,
    headers,
    body: Buffer.from(JSON.stringify(toMessagesRequest(request.body(), target.upstreamModel, request.stream))),
  }
}
