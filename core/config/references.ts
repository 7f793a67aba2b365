// What the schema cannot say: names that refer to each other, names twice, values that only a calendar or a URL parser can judge.
import { hint } from './suggest.ts'
import type { ConfigFinding } from './config-error.ts'
import type { RawConfig, RawRates } from './raw.ts'

/** All findings of a file that has passed the schema. */
export function checkReferences(raw: RawConfig): readonly ConfigFinding[] {
  const findings: ConfigFinding[] = []
  const add = (path: string, message: string): number => findings.push({ path, message })
  const names = namesOf(raw, add)

  const refer = (path: string, what: keyof typeof names, name: string | undefined): void => {
    if (name !== undefined && !names[what].has(name)) add(path, `no ${what} is named "${name}"${hint(name, names[what])}`)
  }
  const referAll = (path: string, what: keyof typeof names, list: readonly string[] | undefined): void =>
    list?.forEach((name, index) => refer(`${path}[${index}]`, what, name))

  checkDrivers(raw, add)
  raw.providers.forEach((provider, i) => checkProvider(provider, `providers[${i}]`, add))
  raw.models.forEach((model, i) => {
    checkRates(model.rates, `models[${i}].rates`, raw, add)
    model.targets.forEach((target, j) => {
      refer(`models[${i}].targets[${j}].provider`, 'provider', target.provider)
      checkRates(target.rates, `models[${i}].targets[${j}].rates`, raw, add)
    })
  })
  raw.pools.forEach((pool, i) => referAll(`pools[${i}].models`, 'model', pool.models))
  raw.features.forEach((feature, i) => {
    refer(`features[${i}].model`, 'model', feature.model)
    referAll(`features[${i}].fallback`, 'model', feature.fallback)
    referAll(`features[${i}].models`, 'model', feature.models)
  })
  raw.plans.forEach((plan, i) => {
    if (plan.monthly !== undefined && plan.quota?.monthly !== undefined)
      add(`plans[${i}].monthly`, 'is short for quota.monthly, which is there too; keep one of them')
    referAll(`plans[${i}].features`, 'feature', plan.features)
    refer(`plans[${i}].defaultFeature`, 'feature', plan.defaultFeature)
  })
  raw.tenants.forEach((tenant, i) => {
    refer(`tenants[${i}].plan`, 'plan', tenant.plan)
    referAll(`tenants[${i}].features`, 'feature', tenant.features)
    refer(`tenants[${i}].defaultFeature`, 'feature', tenant.defaultFeature)
    if (!isTimeZone(tenant.timeZone)) add(`tenants[${i}].timeZone`, `"${tenant.timeZone}" is no IANA time zone such as Europe/Berlin`)
  })
  raw.users.forEach((user, i) => refer(`users[${i}].tenant`, 'tenant', user.tenant))
  raw.keys.forEach((key, i) => {
    refer(`keys[${i}].tenant`, 'tenant', key.tenant)
    referAll(`keys[${i}].models`, 'model', key.models)
    referAll(`keys[${i}].features`, 'feature', key.features)
    if (key.budget !== undefined && key.quota?.monthly !== undefined)
      add(`keys[${i}].budget`, 'is short for quota.monthly, which is there too; keep one of them')
    if (key.expires !== undefined && Number.isNaN(Date.parse(key.expires)))
      add(`keys[${i}].expires`, 'must be a moment such as 2026-12-31T00:00:00Z')
  })
  raw.money.rates.forEach(({ validFrom }, i) => checkDate(validFrom, `money.rates[${i}].validFrom`, add))
  return findings
}

type Add = (path: string, message: string) => unknown

/** Names by kind; a name that stands twice is a finding, because one of the two would be silently ignored. */
function namesOf(raw: RawConfig, add: Add) {
  const collect = (list: readonly string[], path: string, field: string): ReadonlySet<string> => {
    const seen = new Set<string>()
    list.forEach((name, i) => {
      if (seen.has(name)) add(`${path}[${i}].${field}`, `"${name}" stands twice`)
      seen.add(name)
    })
    return seen
  }
  const byName = (path: 'providers' | 'models' | 'pools' | 'features' | 'plans' | 'tools') =>
    collect(
      raw[path].map(({ name }) => name),
      path,
      'name',
    )
  const byId = (path: 'tenants' | 'users' | 'keys' | 'admins') =>
    collect(
      raw[path].map(({ id }) => id),
      path,
      'id',
    )
  byName('pools')
  byName('tools')
  for (const path of ['users', 'keys', 'admins'] as const) byId(path)
  return {
    provider: byName('providers'),
    model: byName('models'),
    feature: byName('features'),
    plan: byName('plans'),
    tenant: byId('tenants'),
  }
}

function checkDrivers(raw: RawConfig, add: Add): void {
  const { clickhouse } = raw.record
  if (raw.state.driver === 'redis' && raw.state.url === undefined)
    add('state.url', 'is missing; the redis driver needs it, e.g. ${REDIS_URL}')
  if (raw.state.url !== undefined && !isRedisUrl(raw.state.url))
    add('state.url', 'is no address of Redis; write redis://host:6379, redis://user:password@host:6379/0, or rediss:// for TLS')
  if (clickhouse.driver === 'server' && clickhouse.url === undefined)
    add('record.clickhouse.url', 'is missing; the server driver needs it, e.g. ${CLICKHOUSE_URL}')
}

function isRedisUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null
  return url !== null && /^rediss?:$/.test(url.protocol) && url.hostname !== '' && /^(\/\d{0,4})?$/.test(url.pathname)
}

function checkProvider({ endpoint, credential }: RawConfig['providers'][number], path: string, add: Add): void {
  if (credential && 'managedIdentity' in credential)
    add(`${path}.credential.managedIdentity`, 'is not part of this version; use env or file')
  if (endpoint === undefined) return
  if (!URL.canParse(endpoint)) return void add(`${path}.endpoint`, 'is no URL')
  const url = new URL(endpoint)
  if (url.username !== '' || url.password !== '') add(`${path}.endpoint`, 'holds a credential; name it under credential instead')
  if (url.search !== '' || url.hash !== '') add(`${path}.endpoint`, 'must end with its path, without ? or #')
}

function checkRates(rates: RawRates | readonly RawRates[] | undefined, path: string, raw: RawConfig, add: Add): void {
  if (rates === undefined) return
  const known = new Set([raw.money.base, ...raw.money.rates.map(({ from }) => from)])
  const entries = Array.isArray(rates) ? (rates as readonly RawRates[]) : [rates as RawRates]
  entries.forEach((entry, i) => {
    const at = entries === rates ? `${path}[${i}]` : path
    checkDate(entry.validFrom, `${at}.validFrom`, add)
    if (entry.currency !== undefined && !known.has(entry.currency))
      add(`${at}.currency`, `money.rates has no rate from ${entry.currency} to ${raw.money.base}`)
  })
}

function checkDate(text: string | undefined, path: string, add: Add): void {
  if (text === undefined) return
  const date = new Date(`${text}T00:00:00Z`)
  if (Number.isNaN(date.getTime()) || date.toISOString().slice(0, 10) !== text) add(path, `"${text}" is not in the calendar`)
}

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }))
  } catch {
    return false
  }
}
