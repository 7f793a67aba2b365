// The endpoints whose requests walk the pipeline. A new one stands here first, and the coverage tests take their list from here.
import type { GovernedEndpoint } from '../pipeline/ports.ts'

export const GOVERNED: ReadonlyMap<string, GovernedEndpoint> = new Map([
  ['POST /v1/chat/completions', { endpoint: 'chat.completions', dialect: 'openai-chat', scope: 'chat', dispatches: true }],
  ['POST /v1/decide', { endpoint: 'chat.completions', dialect: 'openai-chat', scope: 'decide', dispatches: false }],
])
