import assert from 'node:assert/strict'
import { DetectorSet } from '../../../core/detect/detectors.ts'
import { detector } from './standard.ts'
import { Patience, type TaskTime } from '../../../core/detect/patience.ts'
import { ScanPool } from '../../../core/detect/pool.ts'

const DEADLINE_MS = 2000
const SPEC = detector('d', { patterns: ['x{3}'] })

/** Time that passes when the test says so, a look every hundred milliseconds. */
class SlowTime implements TaskTime {
  #now = 0
  #cpu = 0
  #due: { readonly at: number; readonly look: () => void } | null = null

  now = (): number => this.#now
  cpu = (): number => this.#cpu
  after(ms: number, look: () => void): () => void {
    this.#due = { at: this.#now + ms, look }
    return () => (this.#due = null)
  }

  /** `share` of one processor is what this process gets. */
  pass(ms: number, share: number): void {
    for (let passed = 0; passed < ms; passed += 100) {
      this.#now += 100
      this.#cpu += 100 * share
      const due = this.#due
      if (due === null || due.at > this.#now) continue
      this.#due = null
      due.look()
    }
  }
}

describe('the patience with a task', () => {
  function begin(hasBegun = true) {
    const time = new SlowTime()
    const state = { hasBegun, ends: 0 }
    const patience = new Patience(
      DEADLINE_MS,
      () => state.hasBegun,
      () => state.ends++,
      time,
    )
    return { time, state, patience }
  }

  it('ends what works for longer than the deadline', () => {
    const { time, state } = begin()
    time.pass(DEADLINE_MS, 1)
    assert.equal(state.ends, 0)
    time.pass(DEADLINE_MS / 2, 1)
    assert.equal(state.ends, 1)
  })

  it('counts no more work where this process had a tenth of a processor, to fifteen times the deadline', () => {
    const { time, state } = begin()
    time.pass(9 * DEADLINE_MS, 0.1)
    assert.equal(state.ends, 0)
    time.pass(DEADLINE_MS, 1)
    assert.equal(state.ends, 1)
    const starved = begin()
    starved.time.pass(14.5 * DEADLINE_MS, 0.01)
    assert.equal(starved.state.ends, 0)
    starved.time.pass(DEADLINE_MS, 0.01)
    assert.equal(starved.state.ends, 1)
  })

  it('gives work its whole deadline after a long wait for the thread', () => {
    const { time, state } = begin(false)
    time.pass(4 * DEADLINE_MS, 1)
    state.hasBegun = true
    time.pass(DEADLINE_MS, 1)
    assert.equal(state.ends, 0)
    time.pass(DEADLINE_MS / 2, 1)
    assert.equal(state.ends, 1)
  })

  it('waits for a thread for five times the deadline, to fifteen times where this process gets nothing done', () => {
    for (const [share, bound] of [
      [1, 5],
      [0.01, 15],
    ] as const) {
      const { time, state } = begin(false)
      time.pass((bound - 0.5) * DEADLINE_MS, share)
      assert.equal(state.ends, 0)
      time.pass(DEADLINE_MS, share)
      assert.equal(state.ends, 1)
    }
  })

  it('ends nothing any more once it is cancelled, and keeps no timer', () => {
    const { time, state, patience } = begin()
    patience.cancel()
    time.pass(20 * DEADLINE_MS, 1)
    assert.equal(state.ends, 0)
  })
})

describe('the first task of a pool', function () {
  this.timeout(120_000)

  function first(passes: number) {
    const time = new SlowTime()
    const pool = new ScanPool([SPEC], 1, time)
    const found = pool.scan(new DetectorSet([SPEC], new Map()), [`${'y '.repeat(9000)}xxx`], DEADLINE_MS)
    // No thread can have started by now.
    time.pass(passes, 1)
    return { pool, found }
  }

  it('is not failed because the thread takes longer to start than a task may take', async () => {
    const { pool, found } = first(4 * DEADLINE_MS)
    assert.deepEqual(
      (await found)?.map(({ length }) => length),
      [1],
    )
    await pool.close()
  })

  it('is failed when no thread starts', async () => {
    const { pool, found } = first(6 * DEADLINE_MS)
    assert.equal(await found, null)
    await pool.close()
  })
})
