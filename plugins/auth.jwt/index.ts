// Callers and administrators with a token of an identity provider (JWT, OpenID Connect). Whatever is no token of a configured issuer is left to others.
import { GatewayError, NOT_MINE, type Credentials, type Hooks, type Host, type Plugin, type Principal } from '../../core/plugin/index.ts'
import { adminOf, principalOf } from './claims.ts'
import { DOCUMENT_MS } from './key-sets.ts'
import { SETTINGS_SCHEMA, type JwtSettings } from './settings.ts'
import { TokenVerifier, type Proved } from './verify.ts'

/** The issuer's deadlines say better what is wrong. */
const BUDGET_MS = 3 * DOCUMENT_MS

export const jwt: Plugin<JwtSettings> = {
  name: 'auth.jwt',
  apiVersion: 1,
  summary:
    'Proves callers by a token of an OpenID provider: signature, issuer, audience, time; its claims name tenant, user, roles and scopes.',
  config: SETTINGS_SCHEMA,
  after: ['auth'],
  setup: (settings, host) => (settings.issuers.length === 0 ? {} : hooksOf(settings, host)),
  onFailure: { identify: 'deny', identifyAdmin: 'deny' },
  budgetMs: { identify: BUDGET_MS, identifyAdmin: BUDGET_MS },
}

type Answer<T> = T | GatewayError | typeof NOT_MINE

function hooksOf(settings: JwtSettings, host: Host): Hooks {
  const verifier = new TokenVerifier(settings, host)

  function withProved<T>({ secret }: Credentials, next: (proved: Proved) => Answer<T>): Answer<T> | Promise<Answer<T>> {
    const proved = secret === null ? null : verifier.prove(secret)
    if (proved === null) return NOT_MINE
    if (!(proved instanceof Promise)) return next(proved)
    return proved.then((result) => (result instanceof GatewayError ? result : next(result)))
  }

  return {
    identify: (credentials) =>
      withProved(credentials, (proved): Answer<Principal> => {
        const principal = principalOf(proved.issuer, proved.claims, host.directory)
        if (typeof principal !== 'string') return scoped(principal, credentials)
        host.log.warn({ issuer: proved.issuer.issuer, why: principal }, 'a valid token was refused')
        return new GatewayError('invalid_api_key', { message: `The token is valid, but ${principal}.` })
      }),
    identifyAdmin: (credentials) =>
      withProved(
        credentials,
        ({ issuer, claims }) =>
          adminOf(issuer, claims) ??
          new GatewayError('scope_missing', {
            message: 'The token is valid, but gives no role here.',
            resolution: 'Ask for one of the roles that `plugins.auth.jwt` names for administrators.',
          }),
      ),
  }
}

function scoped(principal: Principal, { scope }: Credentials): Answer<Principal> {
  if (scope === null || principal.scopes.includes(scope)) return principal
  return new GatewayError('scope_missing', { message: `The token lacks the scope \`${scope}\` that this endpoint needs.` })
}
