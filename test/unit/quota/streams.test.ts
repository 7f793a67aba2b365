// Extensions of a stream on a store that answers later, never, or with an error: nothing flows uncovered, and nothing waits for ever.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { GatewayError, type Claim, type Hold, type Ledger, type Reserved } from '../../../core/plugin/index.ts'
import { enactLimits } from '../../../plugins/quota/enact.ts'
import { MemoryLedger } from '../../../core/state/ledger.ts'
import { ManualClock } from '../state/manual-clock.ts'
import { limit, serviceWith, settlement, viewOf } from './exchange.ts'

const RECORDED = Promise.resolve()
const DAY = '4:acme|test.tokens_day|day|tokens|4:acme|2026-01-15'
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A ledger that answers when the test lets it. */
class HeldLedger implements Ledger {
  readonly inner: MemoryLedger
  readonly asked: { release(): void; fail(error: Error): void }[] = []
  isHeld = false

  constructor(clock: ManualClock) {
    this.inner = new MemoryLedger({ clock, maxCounters: 1000 })
  }

  reserve(id: string, claims: readonly Claim[]): Promise<Reserved> {
    if (!this.isHeld) return Promise.resolve(this.inner.reserve(id, claims))
    return new Promise((resolve, reject) => {
      this.asked.push({ release: () => resolve(this.inner.reserve(id, claims)), fail: reject })
    })
  }
  settle = async (id: string, used: ReadonlyMap<string, number>): Promise<void> => this.inner.settle(id, used)
  book: Ledger['book'] = async (id, bookings, when) => this.inner.book(id, bookings, when)
  level = async (counter: string): Promise<number> => this.inner.level(counter)
  list = async () => this.inner.list()
}

async function streamOn(tokens: number): Promise<{ hold: Required<Hold>; ledger: HeldLedger; clock: ManualClock }> {
  const clock = new ManualClock()
  const ledger = new HeldLedger(clock)
  const change = await enactLimits(serviceWith(ledger, clock), viewOf({ stream: true }), [limit('tokens', tokens, 'day')])
  assert.ok(!(change instanceof GatewayError))
  ledger.isHeld = true
  return { hold: change.hold as Required<Hold>, ledger, clock }
}

/** Resolves to `waits` when the promise is still pending after everything that can happen has happened. */
async function stateOf<T>(value: T | Promise<T>): Promise<T | 'waits'> {
  await turn()
  return Promise.race([value, Promise.resolve('waits' as const)])
}

/** Lets the store answer, whatever is asked meanwhile too. */
async function answerAll({ asked }: HeldLedger): Promise<void> {
  for (let question = asked.shift(); question; question = asked.shift()) {
    question.release()
    await turn()
  }
}

describe('the extension of a stream', () => {
  it('is asked ahead of need without holding anything back', async () => {
    const { hold, ledger } = await streamOn(10_000)
    assert.equal(hold.progress(420), null)
    assert.equal(hold.progress(512), null)
    assert.equal(ledger.asked.length, 1, 'asked once')
  })
  it('holds back what it does not cover yet, and lets it go when it does', async () => {
    const { hold, ledger } = await streamOn(10_000)
    void hold.progress(420)
    const pending = hold.progress(513)
    assert.equal(await stateOf(pending), 'waits')
    ledger.asked[0]!.release()
    assert.equal(await pending, null)
    assert.equal(hold.progress(800), null)
  })
  it('goes on asking when more flowed meanwhile than one step covers', async () => {
    const { hold, ledger } = await streamOn(10_000)
    void hold.progress(420)
    const pending = hold.progress(5000)
    ledger.asked[0]!.release()
    assert.equal(await stateOf(pending), 'waits')
    ledger.asked[1]!.release()
    assert.equal(await pending, null)
    assert.ok(ledger.inner.level(DAY) >= 5010)
  })
  it('that is refused ends the stream with a sentence that says how far it came and which limit it was', async () => {
    const { hold, ledger } = await streamOn(600)
    const pending = hold.progress(560)
    await answerAll(ledger)
    assert.equal(await pending, null, 'the small step still fits')
    const over = hold.progress(600)
    await answerAll(ledger)
    const error = await over
    assert.ok(error instanceof GatewayError)
    assert.equal(error.code, 'quota_exceeded')
    assert.equal(error.policy, 'test.tokens_day')
    assert.match(
      error.message,
      /^The answer ends here, after 560 output tokens, because no more could be reserved\. The limit of 600 tokens per day /,
    )
    assert.equal(error.shouldRetry, false)
  })
  it('that fails, or is never answered, ends the stream closed', async () => {
    const failing = await streamOn(10_000)
    const failed = failing.hold.progress(600)
    failing.ledger.asked[0]!.fail(new Error('away'))
    assert.equal(((await failed) as GatewayError).code, 'state_unavailable')

    const hanging = await streamOn(10_000)
    const pending = hanging.hold.progress(600)
    hanging.clock.advance(5 * 750)
    assert.equal(await stateOf(Promise.resolve(pending)), 'waits')
    hanging.clock.advance(8000)
    assert.equal(((await pending) as GatewayError).code, 'state_unavailable')
  })
  it('is waited for by the settlement, which then leaves nothing reserved', async () => {
    const { hold, ledger } = await streamOn(10_000)
    void hold.progress(420)
    const settled = hold.settle(settlement(10, 430), RECORDED)
    assert.equal(await stateOf(settled), 'waits')
    ledger.asked[0]!.release()
    await settled
    assert.deepEqual(ledger.inner.list(), [{ counter: DAY, used: 440, reserved: 0, endsAt: Date.parse('2026-01-15T23:00:00Z') }])
  })
  it('that comes after the settlement is given back', async () => {
    const { hold, ledger, clock } = await streamOn(10_000)
    void hold.progress(420)
    clock.advance(8000)
    await hold.settle(settlement(10, 430), RECORDED)
    ledger.asked[0]!.release()
    await turn()
    assert.equal(ledger.inner.level(DAY), 440)
  })
  it('covers every token that is released, whatever flows and whenever the store answers', async () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 900 }), fc.boolean()), { minLength: 1, maxLength: 30 })
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 600, max: 6000 }), async (flow, limitTokens) => {
        const { hold, ledger } = await streamOn(limitTokens)
        let tokens = 0
        for (const [more, isSlow] of flow) {
          tokens += more
          const progress = hold.progress(tokens)
          if (isSlow) await turn()
          await answerAll(ledger)
          const refusal = await progress
          if (refusal !== null) {
            assert.ok(tokens + 10 > limitTokens - 32, `refused at ${tokens} of ${limitTokens}`)
            break
          }
          assert.ok(ledger.inner.level(DAY) >= tokens + 10, `${tokens} flowed, ${ledger.inner.level(DAY)} are reserved`)
          assert.ok(ledger.inner.level(DAY) <= limitTokens)
        }
      }),
      { numRuns: process.env['SALLYPORT_TEST_LONG'] ? 1000 : 100, seed: 7 },
    )
  })
})
