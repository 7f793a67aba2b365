// Who calls: customer keys from `sallyport.yaml` and from the state store, and the nouns about tenant, key, user and client.
import type { Plugin } from '../../core/plugin/index.ts'
import { Identifier } from './identify.ts'
import { AUTH_VOCABULARY } from './vocabulary.ts'

export const auth: Plugin = {
  name: 'auth',
  apiVersion: 1,
  summary: 'Proves callers by their key: expiry, revocation, scopes, allowed networks, models and features.',
  config: { type: 'object', additionalProperties: false, properties: {} },
  vocabulary: () => AUTH_VOCABULARY,
  setup(_config, host) {
    const identifier = new Identifier(host)
    return { identify: (credentials) => identifier.identify(credentials), close: () => identifier.close() }
  },
  onFailure: { identify: 'deny' },
  // The store keeps a deadline of its own, and says better what is wrong.
  budgetMs: { identify: 10_000 },
}
