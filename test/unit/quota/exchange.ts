// Builds what the verb `limit` is handed: a view of an exchange, calls as policies make them, and a service on a real ledger.
import type {
  AdminEvent,
  EffectCall,
  EnactView,
  Ledger,
  Operand,
  Raise,
  Raises,
  Rates,
  Settlement,
  Target,
} from '../../../core/plugin/index.ts'
import { NO_USAGE } from '../../../core/plugin/index.ts'
import type { QuotaService, QuotaSettings } from '../../../plugins/quota/enact.ts'
import { KnownLimits } from '../../../plugins/quota/known-limits.ts'
import { LearnedOutput } from '../../../plugins/quota/learned.ts'
import { Notices } from '../../../plugins/quota/notices.ts'
import { RaisesCopy } from '../../../plugins/quota/raises.ts'
import { MemoryLedger } from '../../../core/state/ledger.ts'
import { ManualClock, silentLog } from '../state/manual-clock.ts'

export interface TestService extends QuotaService {
  readonly ledger: MemoryLedger
  readonly clock: ManualClock
  readonly raised: Raise[]
  readonly events: AdminEvent[]
}

export const SETTINGS: QuotaSettings = {
  defaultMaxOutputTokens: 4096,
  slotLeaseSeconds: 1800,
  streamStartTokens: 512,
  whileAway: 'deny',
  whileAwayOf: {},
}

export function serviceOn(clock = new ManualClock()): TestService {
  const ledger = new MemoryLedger({ clock, maxCounters: 10_000 })
  return serviceWith(ledger, clock)
}

/** The same on another ledger, e.g. one that answers later. */
export function serviceWith<L extends Ledger>(ledger: L, clock: ManualClock): Omit<TestService, 'ledger'> & { readonly ledger: L } {
  const raised: Raise[] = []
  const events: AdminEvent[] = []
  const log = silentLog()
  const raises: Raises = {
    list: () => [...raised],
    put: (raise) => void raised.push(raise),
    remove: (id) => {
      const at = raised.findIndex((raise) => raise.id === id)
      return at >= 0 && raised.splice(at, 1).length > 0
    },
  }
  return {
    ledger,
    clock,
    learned: new LearnedOutput(),
    settings: SETTINGS,
    currency: 'USD',
    raises: new RaisesCopy(raises, clock, log),
    notices: new Notices(ledger, { log, clock, adminEvent: async (event) => void events.push(event) }),
    known: new KnownLimits(),
    raised,
    events,
  }
}

interface Given {
  readonly id?: string
  readonly at?: number
  readonly promptTokens?: number
  readonly maxTokens?: number | null
  readonly choices?: number
  readonly stream?: boolean
  readonly maxOutput?: number | null
  readonly maxCostNano?: bigint | null
  readonly body?: object
  readonly candidates?: readonly Target[]
}

let exchanges = 0

export function viewOf(given: Given = {}): EnactView {
  const {
    maxTokens = null,
    choices = 1,
    stream = false,
    maxOutput = null,
    maxCostNano = null,
    body = {},
    candidates = [targetAt(0n, 0n)],
  } = given
  return {
    id: given.id ?? `x${++exchanges}`,
    receivedAt: given.at ?? new ManualClock().now(),
    tenant: { id: 'acme', timeZone: 'Europe/Berlin' },
    feature: { name: 'chat', maxOutput },
    claims: { maxCostNano },
    request: { body, maxTokens, choices, stream },
    promptTokens: given.promptTokens ?? 10,
    outgoing: { params: {} },
    candidates,
  } as unknown as EnactView
}

/** Prices in nano-units per million tokens. */
export function targetAt(input: bigint, output: bigint, endpoint: string | null = 'http://127.0.0.1:9/v1'): Target {
  const rates: Rates = { input, cachedInput: input, cacheWrite: input, output, currency: 'USD', fxRate: '1', internal: false }
  return { id: 'p/m', provider: { type: 'openai', endpoint }, rates } as unknown as Target
}

const TENANT: Operand = { attribute: 'tenant.id', value: 'acme' }

export function limit(
  unit: 'tokens' | 'requests' | 'money',
  amount: Operand,
  window: 'minute' | 'hour' | 'day' | 'month',
  soft?: Operand,
): EffectCall {
  const operands = { unit, amount, window, attribute: [TENANT], ...(soft === undefined ? {} : { soft }) }
  return { verb: 'limit', phrase: '', policy: `test.${unit}_${window}`, severity: 'medium', operands }
}

export function concurrent(amount: Operand): EffectCall {
  return { verb: 'limit', phrase: '', policy: 'test.concurrent', severity: 'medium', operands: { amount, attribute: [TENANT] } }
}

export function settlement(prompt: number, completion: number, more: Partial<Settlement> = {}): Settlement {
  return { usage: { ...NO_USAGE, prompt, completion }, usageSource: 'provider', costNano: null, dispatched: true, ...more }
}
