// One timer for three kinds of patience, told by a clock that stands still until it is moved.
import assert from 'node:assert/strict'
import { Deadline } from '../../../core/upstream/deadline.ts'
import type { Clock } from '../../../core/plugin/contract.ts'

class ManualClock implements Clock {
  time = 0
  armed = 0
  #timers = new Set<{ due: number; callback: () => void }>()
  now = (): number => this.time
  monotonic = (): number => this.time
  after = (ms: number, callback: () => void): (() => void) => {
    const timer = { due: this.time + ms, callback }
    this.armed++
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }
  advance(ms: number): void {
    const until = this.time + ms
    for (;;) {
      const next = [...this.#timers].filter(({ due }) => due <= until).sort((a, b) => a.due - b.due)[0]
      if (!next) break
      this.#timers.delete(next)
      this.time = next.due
      next.callback()
    }
    this.time = until
  }
}

describe('deadline', () => {
  const timeouts = { connectMs: 1, firstTokenMs: 100, idleMs: 30, totalMs: 1000 }
  let clock: ManualClock
  let fired: string[]
  let deadline: Deadline
  beforeEach(() => {
    clock = new ManualClock()
    fired = []
    deadline = new Deadline(clock, timeouts, (reason) => fired.push(`${reason}@${clock.time}`))
  })

  it('ends the wait for the first token', () => {
    clock.advance(500)
    assert.deepEqual(fired, ['first_token_timeout@100'])
  })

  it('counts silence from the last thing that came', () => {
    for (let i = 0; i < 10; i++) {
      deadline.touch()
      clock.advance(20)
    }
    assert.deepEqual(fired, [])
    clock.advance(500)
    assert.deepEqual(fired, ['idle_timeout@210'])
  })

  it('keeps the total, however lively the stream', () => {
    for (let i = 0; i < 100; i++) {
      deadline.touch()
      clock.advance(15)
    }
    assert.deepEqual(fired, ['total_timeout@1000'])
  })

  it('does not count a pause as silence', () => {
    deadline.touch()
    deadline.suspend()
    clock.advance(500)
    assert.deepEqual(fired, [])
    deadline.touch()
    clock.advance(40)
    assert.deepEqual(fired, ['idle_timeout@530'])
  })

  it('is silent once cancelled', () => {
    deadline.cancel()
    deadline.touch()
    clock.advance(5000)
    assert.deepEqual(fired, [])
  })

  it('sets no timer per chunk', () => {
    for (let i = 0; i < 1000; i++) deadline.touch()
    assert.ok(clock.armed <= 2, `${clock.armed} timers`)
  })
})
