// failover: asks a target again, or lets the kernel go on to the next one, and keeps a breaker per (provider, credential, model).
// Only targets that the policies allowed are ever in the plan, so nothing here can reach another.
import { FAILURE_RULES, type FailureRule } from './classes.ts'
import { backoffMs, pause, type Backoff } from './backoff.ts'
import type {
  Attempt,
  AttemptKind,
  AttemptResult,
  BreakerSettings,
  Breakers,
  Hooks,
  Host,
  Plugin,
  Settled,
  UpstreamFailure,
} from '../../core/plugin/index.ts'

export interface FailoverConfig {
  /** Upstream calls per exchange at most, 1 to 10. */
  readonly attempts: number
  readonly breaker: {
    readonly errorRate: number
    readonly minRequests: number
    readonly windowSeconds: number
    readonly openSeconds: number
  }
  readonly backoff: Backoff
}

type Next = (kind: AttemptKind) => Promise<AttemptResult>

/** A provider that names an absurd `retry-after` is not kept away for longer than this. */
const MAX_COOL_DOWN_MS = 10 * 60_000

export const failover: Plugin<FailoverConfig> = {
  name: 'failover',
  apiVersion: 1,
  summary: 'Retries, the next target, and a breaker per provider, credential and model.',
  config: {
    type: 'object',
    additionalProperties: false,
    properties: {
      attempts: { type: 'integer', minimum: 1, maximum: 10, default: 3 },
      breaker: {
        type: 'object',
        additionalProperties: false,
        default: {},
        properties: {
          errorRate: { type: 'number', exclusiveMinimum: 0, maximum: 1, default: 0.5 },
          minRequests: { type: 'integer', minimum: 1, default: 20 },
          windowSeconds: { type: 'number', exclusiveMinimum: 0, maximum: 3600, default: 30 },
          openSeconds: { type: 'number', exclusiveMinimum: 0, maximum: 3600, default: 30 },
        },
      },
      backoff: {
        type: 'object',
        additionalProperties: false,
        default: {},
        properties: {
          baseMs: { type: 'number', minimum: 0, maximum: 60_000, default: 200 },
          maxMs: { type: 'number', minimum: 0, maximum: 60_000, default: 5000 },
        },
      },
    },
  },
  onFailure: { aroundAttempt: 'deny', onSettle: 'skip' },
  budgetMs: {},
  setup: (config, host) => setupFailover(config, host, Math.random),
}

/** As `failover.setup`, with the source of jitter given (0 ≤ value < 1). */
export function setupFailover(config: FailoverConfig, host: Host, random: () => number): Hooks {
  const breakers = host.state.breakers
  const settings: BreakerSettings = {
    errorRate: config.breaker.errorRate,
    minRequests: config.breaker.minRequests,
    windowMs: config.breaker.windowSeconds * 1000,
    openMs: config.breaker.openSeconds * 1000,
  }

  async function aroundAttempt(attempt: Attempt, next: Next): Promise<AttemptResult> {
    let kind: AttemptKind = attempt.position === 0 ? 'first' : 'failover'
    for (let retry = 1; ; retry++) {
      const asked = breakers.admit(attempt.key, settings)
      const admitted = typeof asked === 'string' ? asked : await asked
      if (admitted === 'open') return breakerOpen(attempt)
      const result = await callOnce(attempt, admitted === 'probe', () => next(kind))
      if (result.ok || attempt.signal.aborted) return result
      const rule = FAILURE_RULES[result.failure.class]
      const waitMs = mayRetry(attempt, rule) ? backoffMs(result.failure, retry, config.backoff, random()) : null
      if (waitMs === null) return { ...result, tryNext: rule.next }
      if (!(await pause(waitMs, host.clock, attempt.signal))) return { ...result, tryNext: false }
      kind = 'retry'
    }
  }

  /** One call, after which the breaker has been told or has its probe back, whatever happened. */
  async function callOnce(attempt: Attempt, isProbe: boolean, call: () => Promise<AttemptResult>): Promise<AttemptResult> {
    let judged = false
    try {
      const result = await call()
      const health = healthOf(result, attempt.signal)
      judged = health !== 'none'
      const told = judged ? breakers.report(attempt.key, health === 'success', settings) : undefined
      if (told !== undefined) await told
      if (!result.ok && !attempt.signal.aborted) await noteFailure(attempt, result.failure)
      return result
    } finally {
      if (isProbe && !judged) await breakers.release(attempt.key)
    }
  }

  async function noteFailure(attempt: Attempt, failure: UpstreamFailure): Promise<void> {
    await coolDown(breakers, attempt.key, FAILURE_RULES[failure.class], failure, host.clock.now())
    const { class: failureClass, status, message } = failure
    host.log.warn(
      { exchange: attempt.exchangeId, target: attempt.target.id, class: failureClass, status, message },
      'an upstream call failed',
    )
  }

  /** A stream that broke after its first content had been reported as a success. */
  function onSettle(settled: Settled): void {
    const { attemptKey, failure, outcome } = settled
    if (outcome !== 'truncated' || attemptKey === null || failure === null) return
    if (FAILURE_RULES[failure.class].health !== 'failure') return
    Promise.resolve(breakers.report(attemptKey, false, settings)).catch((error) =>
      host.log.error({ error: String(error) }, 'a broken stream could not be counted'),
    )
  }

  return {
    maxAttempts: config.attempts,
    aroundAttempt,
    onSettle,
    routes(router) {
      router.get('/breakers', async (_request, response) => {
        response.json({ data: await breakers.list() })
      })
    },
  }
}

/** What a call says about its target; a client that left says nothing. */
function healthOf(result: AttemptResult, signal: AbortSignal): FailureRule['health'] {
  if (result.ok) return 'success'
  return signal.aborted ? 'none' : FAILURE_RULES[result.failure.class].health
}

/** One call is kept for each target that has not been asked: another provider is worth more than another try. */
function mayRetry(attempt: Attempt, rule: FailureRule): boolean {
  if (rule.retry === 'no' || attempt.attemptsLeft <= attempt.targetsLeft) return false
  return rule.retry === 'yes' || attempt.targetsLeft === 0
}

async function coolDown(breakers: Breakers, key: string, rule: FailureRule, failure: UpstreamFailure, now: number): Promise<void> {
  if (rule.coolDownMs === null) return
  const ms = Math.min(failure.retryAfterMs ?? rule.coolDownMs, MAX_COOL_DOWN_MS)
  if (ms > 0) await breakers.coolDown(key, now + ms)
}

function breakerOpen(attempt: Attempt): AttemptResult {
  const message = `${attempt.target.id} is kept away after failures or at its own request`
  const failure: UpstreamFailure = { class: 'breaker_open', status: 0, message, retryAfterMs: null, upstreamRequestId: null }
  return { ok: false, failure, tryNext: true }
}
