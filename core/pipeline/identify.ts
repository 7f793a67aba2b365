// Step two of the walk: who calls. The first plugin that knows the credentials decides.
import { GatewayError } from '../errors/gateway-error.ts'
import { NOT_MINE, type Credentials } from '../plugin/contract.ts'
import { isPromise, type Awaitable } from '../model/maybe-promise.ts'
import { runHook, type HookLedger } from '../plugin/run.ts'
import type { Exchange } from './exchange.ts'
import type { Feature, Tenant } from '../model/directory.ts'
import type { PluginSet } from '../plugin/registry.ts'
import type { Principal } from '../model/principal.ts'
import type { Snapshot } from './snapshot.ts'

/** What a caller shows, besides the secret that stands in its headers. */
export type Shown = Omit<Credentials, 'secret'>

export function identify(exchange: Exchange): Awaitable<Principal | GatewayError> {
  const { incoming } = exchange
  return identifyCaller(exchange.snapshot, exchange, {
    scope: incoming.governed.scope,
    clientIp: incoming.clientIp,
    header: (name) => incoming.header(name),
  })
}

/** Asks the `identify` hooks in order. All NOT_MINE is 401. */
export function identifyCaller(snapshot: Snapshot, ledger: HookLedger, shown: Shown): Awaitable<Principal | GatewayError> {
  return ask(snapshot.plugins.identify, ledger, { ...shown, secret: secretOf(shown) }, 0)
}

function ask(
  hooks: PluginSet['identify'],
  ledger: HookLedger,
  credentials: Credentials,
  from: number,
): Awaitable<Principal | GatewayError> {
  for (let i = from; i < hooks.length; i++) {
    const hook = hooks[i]!
    const result = runHook(hook, ledger, NOT_MINE, () => hook.call(credentials))
    if (isPromise(result)) return result.then((known) => (known === NOT_MINE ? ask(hooks, ledger, credentials, i + 1) : known))
    if (result !== NOT_MINE) return result
  }
  return new GatewayError('invalid_api_key')
}

function secretOf({ header }: Shown): string | null {
  const authorization = header('authorization')
  if (authorization !== null && /^bearer /i.test(authorization)) return authorization.slice(7).trim()
  return header('x-api-key')
}

/** The tenant of a principal and the feature that applies to the request. */
export function placeOf(exchange: Exchange, principal: Principal): { tenant: Tenant; feature: Feature | null } | GatewayError {
  const { directory } = exchange.snapshot.loaded
  const tenant = directory.tenants.get(principal.tenantId)
  if (!tenant) return new GatewayError('invalid_api_key', { resolution: 'The tenant of this key is not configured; ask the operator.' })
  const named = exchange.claims.feature ?? (principal.features?.length === 1 ? principal.features[0]! : tenant.defaultFeature)
  if (named === null) return { tenant, feature: null }
  const feature = directory.features.get(named)
  if (!feature) return new GatewayError('feature_not_enabled', { message: `There is no feature "${named}".` })
  return { tenant, feature }
}
