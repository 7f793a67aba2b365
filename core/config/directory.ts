// From the file to what the walk looks up: names resolved, plans laid under tenants, money in nano-units.
import { decimalText } from '../model/money.ts'
import { ratesAt } from './rates.ts'
import { readQuota, type QuotaSpec } from '../model/quota.ts'
import type { CredentialSource } from './config.ts'
import type { Directory, Feature, KeyRow, Model, Tenant } from '../model/directory.ts'
import type { ProviderInfo, Target } from '../model/target.ts'
import type { RawConfig, RawFeature, RawKey, RawModel, RawPlan, RawProvider, RawTenant } from './raw.ts'

/** Of a file without findings. `now` (Unix ms) decides which dated rates hold. */
export function buildDirectory(raw: RawConfig, now: number): Directory {
  const providers = new Map(raw.providers.map((provider) => [provider.name, providerOf(provider)]))
  const plans = new Map(raw.plans.map((plan) => [plan.name, plan]))
  return {
    tenants: new Map(raw.tenants.map((tenant) => [tenant.id, tenantOf(tenant, plans.get(tenant.plan ?? ''))])),
    features: new Map(raw.features.map((feature) => [feature.name, featureOf(feature)])),
    models: new Map(raw.models.map((model) => [model.name, modelOf(model, providers, raw.money, now)])),
    pools: new Map(raw.pools.map((pool) => [pool.name, pool])),
    users: new Map(raw.users.map((user) => [user.id, { ...user, quota: readQuota(user.quota) }])),
    keys: raw.keys.map(keyOf),
    tools: new Map(raw.tools.map(({ name, writes }) => [name, { writes }])),
  }
}

/** Names a credential without telling it: `env:OPENAI_API_KEY`. */
export function credentialRef(source: CredentialSource): string {
  if ('env' in source) return `env:${source.env}`
  return 'file' in source ? `file:${source.file}` : 'managedIdentity'
}

function providerOf({ name, type, zone, region, endpoint, credential, timeouts }: RawProvider): ProviderInfo {
  return {
    name,
    type,
    zone,
    region: region ?? null,
    endpoint: endpoint?.replace(/\/+$/, '') ?? null,
    credentialRef: credential ? credentialRef(credential) : null,
    timeouts,
  }
}

function modelOf(model: RawModel, providers: ReadonlyMap<string, ProviderInfo>, money: RawConfig['money'], now: number): Model {
  const targets = model.targets.map((target): Target => ({
    id: `${target.provider}/${target.model}`,
    provider: providers.get(target.provider)!,
    model: model.name,
    upstreamModel: target.model,
    secure: model.secure,
    weight: target.weight,
    rates: ratesAt(target.rates ?? model.rates, money, now),
    maxOutput: model.maxOutput ?? null,
  }))
  return { name: model.name, active: model.active, secure: model.secure, targets }
}

function featureOf(feature: RawFeature): Feature {
  return {
    name: feature.name,
    model: feature.model ?? null,
    fallback: feature.fallback,
    pii: feature.pii,
    maxOutput: feature.maxOutput ?? null,
    allow: feature.allow,
    models: feature.models ?? null,
    quota: readQuota(feature.quota),
  }
}

function tenantOf(tenant: RawTenant, plan: RawPlan | undefined): Tenant {
  const planQuota: QuotaSpec = { ...plan?.quota, ...(plan?.monthly === undefined ? {} : { monthly: plan.monthly }) }
  return {
    id: tenant.id,
    plan: tenant.plan ?? null,
    region: tenant.region ?? null,
    tags: tenant.tags,
    timeZone: tenant.timeZone,
    features: tenant.features ?? plan?.features ?? null,
    defaultFeature: tenant.defaultFeature ?? plan?.defaultFeature ?? null,
    quota: readQuota({ ...planQuota, ...tenant.quota }),
    markup: decimalText(tenant.markup ?? plan?.markup ?? 1),
  }
}

function keyOf({ budget, quota, ...key }: RawKey): KeyRow {
  return {
    ...key,
    models: key.models ?? null,
    features: key.features ?? null,
    allowedIps: key.allowedIps ?? null,
    expires: key.expires ?? null,
    createdAt: null,
    revokedAt: null,
    quota: { ...quota, ...(budget === undefined ? {} : { monthly: budget }) },
  }
}
