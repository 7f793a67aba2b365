// provider.sim: simulated models for first use and tests, in this process and without a network. They answer in OpenAI's exact format,
// so everything behind the transport is what real traffic passes through.
import { simTransport } from './transport.ts'
import type { SimPace } from './answer.ts'
import type { HttpCall, Json, Plugin, ProviderAdapter, RenderedRequest, Target } from '../../core/plugin/index.ts'

export type SimConfig = SimPace

export function simAdapter(pace: SimPace, nowMs: () => number): ProviderAdapter {
  return { type: 'sim', defaultEndpoint: null, needsCredential: false, prepare, transport: simTransport(pace, nowMs) }
}

export const sim: Plugin<SimConfig> = {
  name: 'provider.sim',
  apiVersion: 1,
  summary: 'Simulated models: echo, prose, slow streams, and errors on request.',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      tokenMs: { type: 'number', minimum: 0, maximum: 10_000, default: 5 },
      slowTokenMs: { type: 'number', minimum: 0, maximum: 60_000, default: 200 },
    },
  },
  onFailure: {},
  budgetMs: {},
  setup: (config, host) => ({ providers: [simAdapter(config, () => host.clock.now())] }),
}

function prepare(request: RenderedRequest, target: Target): HttpCall {
  const set: { [name: string]: Json } = { model: target.upstreamModel }
  if (request.stream) set.stream_options = { include_usage: true }
  return { method: 'POST', url: 'sim:chat/completions', headers: {}, body: request.bytes(set) }
}
