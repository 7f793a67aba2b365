// pii: protects personal data and secrets in texts. It brings the verbs and the checks; what is looked for stands in
// `policies/standard/detectors.policy`, and when it is protected in `policies/standard/pii.policy`.
import type { Plugin } from '../../core/plugin/index.ts'
import { checks } from './checks.ts'
import { ExchangeTokens } from './tokens.ts'
import { verbs } from './verbs.ts'

export const pii: Plugin = {
  name: 'pii',
  apiVersion: 1,
  summary: 'The verbs redact, mask and tokenize, and the checks of the standard detectors.',
  config: { type: 'object', additionalProperties: false, properties: {} },
  vocabulary: () => ({ verbs, checks }),
  onFailure: { openTokens: 'deny' },
  // A vault on a busy machine takes its time to write; one that is shared keeps a deadline of its own.
  budgetMs: { openTokens: 5000 },
  setup(_config, host) {
    const secret = host.secret('tokens')
    return { openTokens: (view) => new ExchangeTokens(host, secret, view) }
  },
}
