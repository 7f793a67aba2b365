// The hook around a target: what it asks again, what it leaves to the next one, and what the breaker learns. No sockets, no waiting.
import assert from 'node:assert/strict'
import { failover, setupFailover, type FailoverConfig } from '../../../plugins/failover/index.ts'
import { backoffMs } from '../../../plugins/failover/backoff.ts'
import { FAILURE_RULES } from '../../../plugins/failover/classes.ts'
import { MemoryBreakers } from '../../../core/state/breakers.ts'
import type { Attempt, AttemptKind, AttemptResult, Clock, FailureClass, Host, Hooks, Settled, Target } from '../../../core/plugin/index.ts'

const CONFIG: FailoverConfig = {
  attempts: 3,
  breaker: { errorRate: 0.5, minRequests: 2, windowSeconds: 30, openSeconds: 10 },
  backoff: { baseMs: 200, maxMs: 5000 },
}

/** A clock whose waits pass at once, and are remembered. */
class SkippingClock implements Clock {
  time = 1_000_000
  readonly waits: number[] = []
  onWait: () => void = () => {}
  now = (): number => this.time
  monotonic = (): number => this.time
  after = (ms: number, callback: () => void): (() => void) => {
    this.waits.push(ms)
    let cancelled = false
    queueMicrotask(this.onWait)
    queueMicrotask(() => {
      if (cancelled) return
      this.time += ms
      callback()
    })
    return () => (cancelled = true)
  }
}

function fail(failureClass: FailureClass, retryAfterMs: number | null = null): AttemptResult {
  return { ok: false, failure: { class: failureClass, status: 0, message: '', retryAfterMs, upstreamRequestId: null }, tryNext: false }
}

describe('failover', () => {
  let clock: SkippingClock
  let breakers: MemoryBreakers
  let hooks: Hooks
  let controller: AbortController
  beforeEach(() => {
    clock = new SkippingClock()
    breakers = new MemoryBreakers(clock)
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    hooks = setupFailover(CONFIG, { clock, log, state: { breakers } } as unknown as Host, () => 0)
    controller = new AbortController()
  })

  /** Runs the hook against scripted results; the last one repeats. */
  async function attempt(
    results: readonly AttemptResult[],
    options: { position?: number; attempts?: number; targetsLeft?: number; key?: string } = {},
  ): Promise<{ result: AttemptResult; kinds: AttemptKind[] }> {
    const kinds: AttemptKind[] = []
    const view: Attempt = {
      exchangeId: 'x',
      target: { id: 'p/m' } as Target,
      key: options.key ?? 'k',
      position: options.position ?? 0,
      get attemptsLeft() {
        return (options.attempts ?? 3) - kinds.length
      },
      targetsLeft: options.targetsLeft ?? 0,
      signal: controller.signal,
    }
    const result = await hooks.aroundAttempt!(view, async (kind) => {
      kinds.push(kind)
      return results[Math.min(kinds.length, results.length) - 1]!
    })
    return { result, kinds }
  }

  it('passes a good answer on', async () => {
    assert.deepEqual(await attempt([{ ok: true }]), { result: { ok: true }, kinds: ['first'] })
  })

  it('asks the same target again after a server error, with growing pauses', async () => {
    const { result, kinds } = await attempt([fail('server_error'), fail('connection_lost'), { ok: true }], { key: 'never-opens' })
    assert.equal(result.ok, false) // two failures of two open this breaker
    assert.deepEqual(kinds, ['first', 'retry'])
    assert.deepEqual(clock.waits, [100, 200])
  })

  it('keeps one call for each target that was not asked yet', async () => {
    assert.deepEqual((await attempt([fail('server_error')], { attempts: 3, targetsLeft: 2 })).kinds, ['first'])
    assert.deepEqual((await attempt([fail('connect_failed')], { attempts: 2, targetsLeft: 1, position: 1, key: 'other' })).kinds, [
      'failover',
    ])
  })

  it('does not wait for a rate limit while another target is left', async () => {
    const { kinds, result } = await attempt([fail('rate_limited', 1000), { ok: true }], { targetsLeft: 1 })
    assert.deepEqual([kinds, !result.ok && result.tryNext, clock.waits], [['first'], true, []])
  })

  it('waits as long as the provider asks when it is the only one', async () => {
    const { kinds, result } = await attempt([fail('rate_limited', 1000), { ok: true }])
    assert.deepEqual([kinds, result.ok, clock.waits], [['first', 'retry'], true, [1001]])
  })

  it('does not wait longer than it may', async () => {
    const { kinds } = await attempt([fail('rate_limited', 60_000), { ok: true }])
    assert.deepEqual([kinds, clock.waits], [['first'], []])
  })

  it('leaves a target alone for as long as it asked', async () => {
    await attempt([fail('rate_limited', 60_000)])
    assert.equal((await attempt([{ ok: true }])).kinds.length, 0)
    clock.time += 60_000
    assert.equal((await attempt([{ ok: true }])).kinds.length, 1)
  })

  it('leaves a target with a used-up quota alone although it named no time', async () => {
    const { result } = await attempt([fail('quota_exhausted')])
    assert.equal(!result.ok && result.tryNext, true)
    assert.equal((await attempt([{ ok: true }])).kinds.length, 0)
    assert.equal(breakers.list()[0]!.failures, 0)
  })

  it('asks nobody else about a request that is at fault itself', async () => {
    for (const failureClass of ['bad_request', 'content_filtered'] as const) {
      const { kinds, result } = await attempt([fail(failureClass)])
      assert.deepEqual([kinds, !result.ok && result.tryNext], [['first'], false])
    }
    assert.equal(
      breakers.list().every(({ failures }) => failures === 0),
      true,
    )
  })

  it('opens after failures, lets one probe through, and closes when it succeeds', async () => {
    await attempt([fail('first_token_timeout')])
    await attempt([fail('first_token_timeout')])
    const { result, kinds } = await attempt([{ ok: true }])
    assert.deepEqual([!result.ok && result.failure.class, !result.ok && result.tryNext, kinds], ['breaker_open', true, []])
    clock.time += 10_001
    let release = (_result: AttemptResult): void => {}
    const probing = hooks.aroundAttempt!(
      { key: 'k', position: 0, target: { id: 'p/m' }, signal: controller.signal } as Attempt,
      () => new Promise((resolve) => (release = resolve)),
    )
    assert.equal((await attempt([{ ok: true }])).kinds.length, 0, 'a second call beside the probe')
    release({ ok: true })
    await probing
    assert.equal((await attempt([{ ok: true }])).kinds.length, 1)
  })

  it('opens again when the probe fails', async () => {
    await attempt([fail('malformed')])
    await attempt([fail('malformed')])
    clock.time += 10_001
    assert.equal((await attempt([fail('malformed')])).kinds.length, 1)
    assert.equal((await attempt([{ ok: true }])).kinds.length, 0)
  })

  for (const [what, verdict] of [
    ['the client leaves', 'abort'],
    ['the call throws', 'throw'],
    ['the credential is missing', 'bad_credentials'],
  ] as const) {
    it(`gives the probe back when ${what}`, async () => {
      await attempt([fail('malformed')])
      await attempt([fail('malformed')])
      clock.time += 10_001
      const probe = hooks.aroundAttempt!(
        { key: 'k', position: 0, target: { id: 'p/m' }, attemptsLeft: 0, targetsLeft: 0, signal: controller.signal } as Attempt,
        async () => {
          if (verdict === 'throw') throw new Error('broken')
          if (verdict === 'abort') controller.abort()
          return fail(verdict === 'abort' ? 'connection_lost' : 'bad_credentials')
        },
      )
      await (verdict === 'throw' ? assert.rejects(probe, /broken/) : probe)
      controller = new AbortController()
      assert.equal((await attempt([{ ok: true }])).kinds.length, 1)
    })
  }

  it('does not take the probe of another call back', async () => {
    let leave = (_result: AttemptResult): void => {}
    const early = hooks.aroundAttempt!(
      { key: 'k', position: 0, target: { id: 'p/m' }, attemptsLeft: 0, targetsLeft: 0, signal: controller.signal } as Attempt,
      () => new Promise((resolve) => (leave = resolve)),
    )
    await attempt([fail('malformed')])
    await attempt([fail('malformed')])
    clock.time += 10_001
    assert.equal(breakers.admit('k', { errorRate: 0.5, minRequests: 2, windowMs: 30_000, openMs: 10_000 }), 'probe')
    controller.abort()
    leave(fail('connection_lost'))
    await early
    controller = new AbortController()
    assert.equal((await attempt([{ ok: true }])).kinds.length, 0)
  })

  it('stops waiting when the client leaves', async () => {
    clock.onWait = () => controller.abort()
    const { kinds, result } = await attempt([fail('connect_failed'), { ok: true }])
    assert.deepEqual([kinds, !result.ok && result.tryNext], [['first'], false])
  })

  it('counts a stream that broke after its first content', () => {
    const settled = { outcome: 'truncated', attemptKey: 'k', failure: { class: 'connection_lost' } } as Settled
    hooks.onSettle!(settled)
    hooks.onSettle!({ ...settled, failure: null })
    hooks.onSettle!({ ...settled, outcome: 'completed' })
    assert.deepEqual(
      breakers.list().map(({ requests, failures }) => [requests, failures]),
      [[1, 1]],
    )
  })

  it('tells the kernel how many calls it would make', () => {
    assert.equal(hooks.maxAttempts, 3)
  })

  it('shows its breakers', async () => {
    await attempt([fail('malformed')])
    const routes = new Map<string, (request: unknown, response: unknown) => Promise<void>>()
    hooks.routes!({ get: (path: string, handler: never) => routes.set(path, handler) } as never)
    let shown: unknown
    await routes.get('/breakers')!({}, { json: (body: unknown) => (shown = body) })
    assert.deepEqual(shown, { data: [{ key: 'k', state: 'closed', requests: 1, failures: 1, openUntil: null }] })
  })

  it('has a failure mode for every hook that judges', () => {
    assert.deepEqual(failover.onFailure, { aroundAttempt: 'deny', onSettle: 'skip' })
  })
})

describe('backoff', () => {
  const failure = (retryAfterMs: number | null): never => ({ retryAfterMs }) as never
  it('doubles up to its bound, half of it by chance', () => {
    const waits = [1, 2, 3, 4, 5, 6, 7].map((retry) => backoffMs(failure(null), retry, CONFIG.backoff, 0))
    assert.deepEqual(waits, [100, 200, 400, 800, 1600, 2500, 2500])
    assert.equal(backoffMs(failure(null), 1, CONFIG.backoff, 0.5), 150)
  })
  it('never waits for less than the provider asks', () => {
    assert.equal(backoffMs(failure(3000), 1, CONFIG.backoff, 0), 3001)
    assert.equal(backoffMs(failure(0), 1, CONFIG.backoff, 0), 100)
    assert.equal(backoffMs(failure(5001), 1, CONFIG.backoff, 0), null)
  })
})

describe('failure classes', () => {
  it('tell a used-up quota from a rate limit', () => {
    assert.notDeepEqual(FAILURE_RULES.quota_exhausted, FAILURE_RULES.rate_limited)
    assert.equal(FAILURE_RULES.quota_exhausted.retry, 'no')
  })
})
