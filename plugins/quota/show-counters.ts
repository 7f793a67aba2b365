// Where the counters of limits stand, in the words of the policies that made them.
import { countsUse, formatNano, readCounterName, GatewayError, type CounterIdentity } from '../../core/plugin/index.ts'
import { addedBy } from './limits.ts'
import type { QuotaService } from './enact.ts'
import type { WrittenLimits } from './written-limits.ts'

const MOST = 1000

interface Asked {
  readonly [name: string]: unknown
}

type Counter = Awaited<ReturnType<QuotaService['ledger']['list']>>[number]

/**
 * Query: `tenant`, `policy`, `limit` (1 to 1000). Those that are used most of their limit come first. The limit is what is written, or where only
 * an exchange tells what this process met last.
 */
export async function showCounters(
  { ledger, known, raises, clock }: QuotaService,
  limits: Pick<WrittenLimits, 'of'>,
  { tenant, policy, limit }: Asked,
): Promise<object> {
  const most = readMost(limit)
  const raised = await raises.current()
  const limitOf = ({ counter }: Counter, identity: CounterIdentity): number | null => {
    const told = limits.of(identity)
    const written = told === undefined ? known.get(counter) : told
    return written === null ? null : written + addedBy(raised, identity, clock.now())
  }
  const counters = (await ledger.list()).flatMap((counter) => {
    const identity = identityOf(counter)
    const isAsked = identity !== null && (tenant ?? identity.tenant) === identity.tenant && (policy ?? identity.policy) === identity.policy
    return isAsked && countsUse(identity) ? [{ counter, identity, limit: limitOf(counter, identity) }] : []
  })
  counters.sort((a, b) => shareOf(b.counter, b.limit) - shareOf(a.counter, a.limit))
  return {
    object: 'list',
    has_more: counters.length > most,
    data: counters.slice(0, most).map(({ counter: { used, reserved, endsAt }, identity, limit: hard }) => {
      const amount = (value: number): number | string => (identity.unit === 'money' ? showMoney(value) : value)
      return {
        object: 'sallyport.quota',
        tenant: identity.tenant,
        policy: identity.policy,
        by: identity.values,
        unit: identity.unit,
        window: identity.window,
        period: identity.period === '' ? null : identity.period,
        used: amount(used),
        reserved: amount(reserved),
        limit: hard === null ? null : amount(hard),
        resets_at: endsAt === null ? null : new Date(endsAt).toISOString(),
      }
    }),
  }
}

/** Nano-units as a decimal of the base currency. */
export function showMoney(nano: number): string {
  return formatNano(BigInt(nano))
}

function identityOf({ counter }: Counter) {
  try {
    return readCounterName(counter)
  } catch {
    return null
  }
}

function shareOf({ used, reserved }: Counter, limit: number | null): number {
  return (used + reserved) / (limit ?? Number.MAX_SAFE_INTEGER)
}

function readMost(limit: unknown): number {
  if (limit === undefined) return MOST
  const most = typeof limit === 'string' && /^\d{1,4}$/.test(limit) ? Number(limit) : 0
  if (most < 1 || most > MOST)
    throw new GatewayError('invalid_request', { param: 'limit', message: `\`limit\` must be a number from 1 to ${MOST}.` })
  return most
}
