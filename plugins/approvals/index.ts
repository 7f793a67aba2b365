// The verb `require approval`: the request waits for somebody's consent. The kernel asks for it and keeps the verdict (`core/pipeline/approve.ts`).
import type { Plugin, Verb } from '../../core/plugin/index.ts'

const REQUIRE: Verb = {
  phrase: 'require approval from <text> [within <duration>]',
  doc: 'Refuses with 409 until somebody consents under `/admin/v1/approvals`; the same request of the same key then passes with `x-sallyport-approval`. `within`: how long it may wait and be used, a day unless told; the shortest holds.',
  operands: { duration: { min: 1000 } },
  use: 'effect',
  phases: ['request'],
  aliases: ['approve', 'ask'],
  protects: true,
  acts: 'exchange',
  join: { kind: 'union' },
  // Without consent the walk ends before effects are enacted; with it there is nothing left to do.
  enact: () => ({}),
}

export const approvals: Plugin = {
  name: 'approvals',
  apiVersion: 1,
  summary: 'Requests that go on only with somebody’s consent.',
  config: { type: 'object', additionalProperties: false, properties: {} },
  vocabulary: () => ({ verbs: [REQUIRE] }),
  setup: () => ({}),
  onFailure: { enact: 'deny' },
  budgetMs: {},
}
