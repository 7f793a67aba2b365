// What somebody asks for as a raise of a limit, made exact; whatever is not clear is refused in a sentence that names the member.
import { GatewayError, parseDecimal, type Host, type Raise } from '../../core/plugin/index.ts'
import { limitedUnits } from './written-limits.ts'

const MEMBERS = new Set(['tenant', 'policy', 'unit', 'add', 'for', 'until', 'reason'])
const UNITS: readonly unknown[] = ['tokens', 'requests', 'money', 'concurrent']
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const
/** A raise that lasts for years is a larger limit, and belongs into the configuration. */
const LONGEST_MS = 366 * UNIT_MS.d
const MAX_REASON_CHARS = 500

/** Throws `invalid_request`. `now`: Unix ms. */
export function readRaise(
  asked: unknown,
  { directory: { tenants }, usesOf }: Pick<Host, 'directory' | 'usesOf'>,
  now: number,
): Omit<Raise, 'id' | 'by'> {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) throw bad('The body must be a JSON object.', null)
  const body = asked as { readonly [name: string]: unknown }
  const unknown = Object.keys(body).find((name) => !MEMBERS.has(name))
  if (unknown !== undefined) throw bad(`\`${unknown}\` is unknown; there are ${[...MEMBERS].join(', ')}.`, unknown)
  const { tenant, policy, unit, add, reason } = body
  if (typeof tenant !== 'string' || !tenants.has(tenant)) throw bad('`tenant` must be the id of a configured tenant.', 'tenant')
  if (typeof policy !== 'string' || !/^[\w.-]{1,200}$/.test(policy))
    throw bad('`policy` must be the id of the policy that limits, such as standard.quotas.daily_tokens.', 'policy')
  if (!UNITS.includes(unit)) throw bad(`\`unit\` must be one of ${UNITS.join(', ')}.`, 'unit')
  const units = limitedUnits(usesOf('limit'), policy)
  if (units.length === 0)
    throw bad(`\`policy\`: no policy "${policy}" in force sets a limit; GET /admin/v1/quotas shows which count.`, 'policy')
  if (!units.includes(unit as string)) throw bad(`\`unit\`: the policy ${policy} limits ${units.join(' and ')}.`, 'unit')
  if (typeof reason !== 'string' || reason.trim() === '' || reason.length > MAX_REASON_CHARS)
    throw bad(`\`reason\` must say why, in at most ${MAX_REASON_CHARS} characters.`, 'reason')
  return {
    tenant,
    policy,
    unit: unit as NonNullable<Raise['unit']>,
    add: readAmount(add, unit === 'money'),
    until: readEnd(body, now),
    reason,
  }
}

function readAmount(add: unknown, isMoney: boolean): number {
  const text = typeof add === 'number' || typeof add === 'string' ? String(add) : ''
  if (!(isMoney ? /^\d{1,7}(\.\d{1,9})?$/ : /^\d{1,15}$/).test(text) || Number(text) === 0)
    throw bad(`\`add\` must be ${isMoney ? 'an amount of money such as 50 or "12.50"' : 'a whole number'} above 0.`, 'add')
  const amount = isMoney ? Number(parseDecimal(text)) : Number(text)
  if (!Number.isSafeInteger(amount)) throw bad('`add` is too large.', 'add')
  return amount
}

function readEnd({ for: span, until }: { readonly [name: string]: unknown }, now: number): number {
  if ((span === undefined) === (until === undefined)) throw bad('Say either `for` (such as 2h) or `until` (ISO 8601).', 'until')
  const end = span === undefined ? readMoment(until) : now + readSpan(span)
  if (!(end > now)) throw bad('`until` must lie in the future.', 'until')
  if (end - now > LONGEST_MS) throw bad('A raise lasts for a year at most; what lasts longer is a larger limit.', 'until')
  return end
}

function readSpan(span: unknown): number {
  const parts = typeof span === 'string' ? /^(\d{1,6})([mhd])$/.exec(span) : null
  if (!parts) throw bad('`for` must be a span such as 90m, 12h or 7d.', 'for')
  return Number(parts[1]) * UNIT_MS[parts[2] as keyof typeof UNIT_MS]
}

function readMoment(until: unknown): number {
  const moment = typeof until === 'string' && /^\d{4}-\d\d-\d\dT/.test(until) ? Date.parse(until) : NaN
  if (Number.isNaN(moment)) throw bad('`until` must be a moment such as 2026-12-31T18:00:00Z.', 'until')
  return moment
}

function bad(message: string, param: string | null): GatewayError {
  return new GatewayError('invalid_request', { message, ...(param === null ? {} : { param }) })
}
