// Rows of keys as a store holds them: whether one can be understood at all, where it stands in its life, and how it is shown to people.
import { decimalText } from './money.ts'
import type { KeyRow } from './directory.ts'
import type { QuotaSpec } from './quota.ts'

export type KeyStatus = 'active' | 'rotating' | 'expired' | 'revoked'

type Loose = { readonly [name: string]: unknown }

const isText = (value: unknown): value is string => typeof value === 'string'
const isTextOrNull = (value: unknown): boolean => value === null || isText(value)
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isObject = (value: unknown): value is Loose => typeof value === 'object' && value !== null && !Array.isArray(value)

const FORM: { readonly [member: string]: (value: unknown) => boolean } = {
  id: isText,
  tenant: isText,
  prefix: isText,
  hash: isText,
  scopes: isTexts,
  models: (value) => value === null || isTexts(value),
  features: (value) => value === null || isTexts(value),
  allowedIps: (value) => value === null || isTexts(value),
  expires: (value) => value === null || (isText(value) && !Number.isNaN(Date.parse(value))),
  createdAt: isTextOrNull,
  revokedAt: isTextOrNull,
  quota: (value) => value === undefined || isQuota(value),
  name: (value) => value === undefined || isText(value),
  rotatedFrom: (value) => value === undefined || isText(value),
  family: (value) => value === undefined || isText(value),
  rotatedTo: (value) => value === undefined || isText(value),
}

/** Whether what a store holds is a key. What is not must not work: it may be narrower than it reads. */
export function isKeyRow(value: unknown): value is KeyRow {
  return isObject(value) && Object.entries(FORM).every(([member, fits]) => fits(value[member]))
}

/** Whether it can at least be named. A store lists nothing else. */
export function hasId(value: unknown): value is KeyRow {
  return isObject(value) && isText(value['id'])
}

const TOKENS = ['hourlyTokens', 'dailyTokens', 'monthlyTokens'] as const
const COUNTS = ['rpm', 'tpm', 'concurrency'] as const
const QUOTAS: ReadonlySet<string> = new Set([...TOKENS, ...COUNTS, 'monthly'])

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
/** Seven digits before the point: nano-units of it are exact. */
const isMoney = (value: unknown): boolean =>
  (typeof value === 'number' || isText(value)) && /^\d{1,7}(\.\d{1,12})?$/.test(decimalText(value))

function isThreshold(value: unknown, fits: (value: unknown) => boolean): boolean {
  if (!isObject(value)) return fits(value)
  return Object.entries(value).every(([name, part]) => (name === 'soft' || name === 'hard') && fits(part))
}

/** Whether these are limits of a key (`QuotaSpec`). */
export function isQuota(value: unknown): value is QuotaSpec {
  if (!isObject(value)) return false
  return (
    Object.keys(value).every((name) => QUOTAS.has(name)) &&
    TOKENS.every((name) => value[name] === undefined || isThreshold(value[name], isCount)) &&
    COUNTS.every((name) => value[name] === undefined || isCount(value[name])) &&
    (value['monthly'] === undefined || isThreshold(value['monthly'], isMoney))
  )
}

/** `rotating`: it was replaced, and still works until its overlap ends. `now`: Unix ms. */
export function statusOfKey({ revokedAt, expires, rotatedTo }: KeyRow, now: number): KeyStatus {
  if (revokedAt !== null) return 'revoked'
  if (expires !== null && Date.parse(expires) <= now) return 'expired'
  return rotatedTo === undefined ? 'active' : 'rotating'
}

/** A key as the admin API, the command line and the record show it: all but its hash. */
export function shownKey(row: KeyRow) {
  return {
    id: row.id,
    name: row.name ?? null,
    tenant: row.tenant,
    prefix: row.prefix,
    scopes: row.scopes,
    models: row.models,
    features: row.features,
    allowed_ips: row.allowedIps,
    quota: shownQuota(row.quota ?? {}),
    expires: row.expires,
    created_at: row.createdAt,
    revoked_at: row.revokedAt,
    rotated_from: row.rotatedFrom ?? null,
    rotated_to: row.rotatedTo ?? null,
  }
}

/** Null: no limits. */
function shownQuota(quota: QuotaSpec): { readonly [name: string]: unknown } | null {
  const limits = Object.entries(quota).map(([name, limit]) => [snakeCase(name), limit])
  return limits.length === 0 ? null : Object.fromEntries(limits)
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
