// What somebody asks for as a key, from the admin API or the command line, made exact: names that are configured, addresses, moments, limits.
// Whatever is not clear is refused in a sentence that names the member and says what to write.
import { isIP } from 'node:net'
import { GatewayError } from '../errors/gateway-error.ts'
import { hint } from './suggest.ts'
import { isQuota } from '../model/key-row.ts'
import type { Directory, KeyRow } from '../model/directory.ts'
import type { QuotaSpec } from '../model/quota.ts'

/** What of a key may be chosen, and changed later. */
export type KeyRights = Pick<KeyRow, 'scopes' | 'models' | 'features' | 'allowedIps' | 'expires' | 'quota' | 'name'>

type Asked = { readonly [member: string]: unknown }
type Names = Pick<Directory, 'tenants' | 'models' | 'features'>

const RIGHTS = ['name', 'scopes', 'models', 'features', 'allowed_ips', 'expires', 'budget', 'quota'] as const
const MAX_NAME_CHARS = 100
const MAX_ITEMS = 100
const SECOND_MS = 1000
const UNIT_MS = { s: SECOND_MS, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
/** After this long an old key is no overlap but a second key. */
const MAX_OVERLAP_SECONDS = 366 * 86_400
const OVERLAP_SECONDS = 86_400
const QUOTAS = 'hourly_tokens, daily_tokens, monthly_tokens, monthly, rpm, tpm, concurrency'

/** Throws `invalid_request`. `now`: Unix ms. */
export function readNewKey(asked: unknown, names: Names, now: number): KeyRights & Pick<KeyRow, 'tenant'> {
  const body = readMembers(asked, ['tenant', ...RIGHTS])
  const { tenant } = body
  if (typeof tenant !== 'string') throw bad('tenant', 'is missing: write the id of a configured tenant')
  known('tenant', tenant, names.tenants)
  const none = { scopes: ['chat'], models: null, features: null, allowedIps: null, expires: null }
  return { tenant, ...readRights(body, none, names, now) }
}

/** What a change leaves as it is stays; null takes a restriction away. Throws `invalid_request`. `now`: Unix ms. */
export function readKeyChange(
  asked: unknown,
  { scopes, models, features, allowedIps, expires, quota, name }: KeyRow,
  names: Names,
  now: number,
): KeyRights {
  const members = typeof asked === 'object' && asked !== null ? Object.keys(asked) : []
  const fixed = members.find((member) => member === 'tenant' || member === 'id' || member === 'prefix')
  if (fixed !== undefined) throw bad(fixed, 'cannot be changed: create another key, or rotate this one')
  const body = readMembers(asked, RIGHTS)
  if (members.length === 0) throw bad(null, `The body names nothing to change; there are ${RIGHTS.join(', ')}.`)
  const before = {
    scopes,
    models,
    features,
    allowedIps,
    expires,
    ...(quota === undefined ? {} : { quota }),
    ...(name === undefined ? {} : { name }),
  }
  return readRights(body, before, names, now)
}

/** Milliseconds that the old key goes on. Throws `invalid_request`. */
export function readOverlap(asked: unknown): number {
  const { overlap_seconds: seconds = OVERLAP_SECONDS } = readMembers(asked ?? {}, ['overlap_seconds'])
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 0 || seconds > MAX_OVERLAP_SECONDS)
    throw bad('overlap_seconds', `must be a whole number of seconds from 0 (the old key ends at once) to ${MAX_OVERLAP_SECONDS}`)
  return seconds * SECOND_MS
}

/** Milliseconds of `24h`, `90m`, `30d` or `45s`; null for anything else. */
export function spanMs(text: string): number | null {
  const parts = /^(\d{1,6})([smhd])$/.exec(text)
  return parts ? Number(parts[1]) * UNIT_MS[parts[2] as keyof typeof UNIT_MS] : null
}

function readMembers(asked: unknown, members: readonly string[]): Asked {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) throw bad(null, 'The body must be a JSON object.')
  const unknown = Object.keys(asked).find((name) => !members.includes(name))
  if (unknown !== undefined) throw bad(shortened(unknown), `is unknown${hint(unknown, members)}`)
  return asked as Asked
}

function readRights(body: Asked, before: KeyRights, { models, features }: Names, now: number): KeyRights {
  const has = (member: (typeof RIGHTS)[number]): boolean => body[member] !== undefined
  const { quota: limitsBefore, name: nameBefore, ...kept } = before
  const quota = has('quota') || has('budget') ? readLimits(body, limitsBefore ?? {}) : limitsBefore
  const name = has('name') ? readName(body['name']) : nameBefore
  return {
    ...kept,
    ...(has('scopes') ? { scopes: readScopes(body['scopes']) } : {}),
    ...(has('models') ? { models: readNames('models', body['models'], models) } : {}),
    ...(has('features') ? { features: readNames('features', body['features'], features) } : {}),
    ...(has('allowed_ips') ? { allowedIps: readNetworks(body['allowed_ips']) } : {}),
    ...(has('expires') ? { expires: readMoment(body['expires'], now) } : {}),
    ...(quota === undefined || Object.keys(quota).length === 0 ? {} : { quota }),
    ...(name === undefined ? {} : { name }),
  }
}

function readName(name: unknown): string | undefined {
  if (name === null) return undefined
  // Controls and marks that turn the direction of writing make a name read as another one.
  if (
    typeof name !== 'string' ||
    name.trim() === '' ||
    name.length > MAX_NAME_CHARS ||
    /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u.test(name)
  )
    throw bad('name', `must be a text of 1 to ${MAX_NAME_CHARS} characters without control characters`)
  return name.trim().normalize()
}

/** A key without scopes opens nothing, and a scope that nobody can write in a policy is a slip. Words of policies are free. */
function readScopes(asked: unknown): readonly string[] {
  const scopes = readTexts('scopes', asked)
  const wrong = scopes.findIndex((scope) => !/^[a-z][a-z0-9_.:-]{0,63}$/.test(scope))
  if (scopes.length === 0) throw bad('scopes', 'must name at least one: write chat, or chat and decide')
  if (wrong !== -1) throw bad(`scopes[${wrong}]`, `"${shortened(scopes[wrong]!)}" is no scope; write chat, or chat and decide`)
  return scopes
}

function readNames(what: 'models' | 'features', asked: unknown, configured: ReadonlyMap<string, unknown>): readonly string[] | null {
  if (asked === null) return null
  const names = readTexts(what, asked)
  names.forEach((name, i) => known(what.slice(0, -1), name, configured, `${what}[${i}]`))
  return names
}

/** A name that is configured nowhere would make a key that can do nothing, so it is a slip. */
function known(what: string, name: string, configured: ReadonlyMap<string, unknown>, param = what): void {
  if (!configured.has(name)) throw bad(param, `no ${what} "${shortened(name)}" is configured${hint(shortened(name), configured.keys())}`)
}

function readNetworks(asked: unknown): readonly string[] | null {
  if (asked === null) return null
  const networks = readTexts('allowed_ips', asked)
  if (networks.length === 0) throw bad('allowed_ips', 'must name at least one network; write null where the key may come from anywhere')
  const wrong = networks.findIndex((network) => !isNetwork(network))
  if (wrong !== -1)
    throw bad(
      `allowed_ips[${wrong}]`,
      `"${shortened(networks[wrong]!)}" is no address or network; write 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32`,
    )
  return networks
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/')
  const family = address.includes('%') ? 0 : isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

function readMoment(asked: unknown, now: number): string | null {
  if (asked === null) return null
  const text = typeof asked === 'string' ? asked : ''
  const span = spanMs(text)
  const at = span === null ? momentOf(text) : now + span
  if (Number.isNaN(at)) throw bad('expires', 'is no moment: write a span such as 30d, 12h or 90m, or a time such as 2027-03-31T00:00:00Z')
  if (at <= now) throw bad('expires', 'is in the past; write a moment that is to come')
  return new Date(at).toISOString()
}

/** A day that is not in the calendar and a time without its zone are no moments. */
function momentOf(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/.exec(text)
  if (!match) return NaN
  const day = Date.parse(match[1]!)
  return !Number.isNaN(day) && new Date(day).toISOString().startsWith(match[1]!) ? Date.parse(text) : NaN
}

/** `budget` is short for `quota.monthly`. */
function readLimits({ quota, budget }: Asked, before: QuotaSpec): QuotaSpec {
  if (quota !== undefined && quota !== null && (typeof quota !== 'object' || Array.isArray(quota)))
    throw bad('quota', `must be an object; there are ${QUOTAS}`)
  const asked =
    quota === undefined ? { ...before } : Object.fromEntries(Object.entries(quota ?? {}).map(([name, limit]) => [camelCase(name), limit]))
  if (budget !== undefined && quota !== undefined && quota !== null && 'monthly' in quota)
    throw bad('budget', 'is short for quota.monthly, which is there too; keep one of them')
  if (budget === null) delete asked['monthly' as keyof typeof asked]
  const limits: unknown = budget === undefined || budget === null ? asked : { ...asked, monthly: budget }
  if (isQuota(limits)) return limits
  const wrong = Object.entries(limits as Asked).find(([name, limit]) => !isQuota({ [name]: limit }))?.[0] ?? ''
  if (wrong === 'monthly')
    throw bad(
      budget === undefined ? 'quota.monthly' : 'budget',
      'must be an amount of money such as 250 or "12.50", or { soft, hard } of them',
    )
  const member = snakeCase(wrong)
  throw bad(
    `quota.${shortened(member)}`,
    isQuota({ [wrong]: 1 }) ? 'must be a whole number, or for tokens { soft, hard } of them' : `is unknown; there are ${QUOTAS}`,
  )
}

const camelCase = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function readTexts(member: string, asked: unknown): readonly string[] {
  if (!Array.isArray(asked) || !asked.every((item) => typeof item === 'string')) throw bad(member, 'must be a list of texts')
  if (asked.length > MAX_ITEMS) throw bad(member, `may hold ${MAX_ITEMS} at most`)
  return [...new Set(asked as readonly string[])]
}

/** What strangers wrote is quoted in part, and on one line. */
const shortened = (text: string): string => {
  const line = text.toWellFormed().replaceAll(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, '?')
  return line.length <= 60 ? line : `${line.slice(0, 60).toWellFormed()}…`
}

function bad(param: string | null, message: string): GatewayError {
  return param === null
    ? new GatewayError('invalid_request', { message })
    : new GatewayError('invalid_request', { param, message: `\`${param}\`: ${message}${message.endsWith('?') ? '' : '.'}` })
}
