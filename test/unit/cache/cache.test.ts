// Exact answers by fingerprint: what is stored, what is not, and how it grows old.
import assert from 'node:assert/strict'
import { AnswerStore } from '../../../plugins/cache/store.ts'
import { cache, type CacheConfig } from '../../../plugins/cache/index.ts'
import type { AnswerableView, CannedAnswer, Delivered, Hooks, Host, JsonObject } from '../../../core/plugin/index.ts'

const CONFIG: CacheConfig = { enabled: true, maxEntries: 10, maxBytes: 10_000, ttlSeconds: 60 }
const BODY: JsonObject = { choices: [{ index: 0, message: { content: 'hi' }, finish_reason: 'stop' }] }
const CHUNKS: readonly JsonObject[] = [
  { choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: null }] },
  { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
  { choices: [], usage: { total_tokens: 3 } },
]

describe('cache', () => {
  let now = 0
  let hooks: Hooks
  beforeEach(() => {
    now = 0
    hooks = cache.setup(CONFIG, { clock: { now: () => now } } as Host) as Hooks
  })

  const view = (fingerprint: string | null, stream = false): AnswerableView => ({ fingerprint, request: { stream } }) as AnswerableView
  const delivered = (more: Partial<Delivered>): Delivered => ({ model: 'm', provider: 'p', body: null, chunks: null, ...more })
  const ask = (fingerprint: string | null, stream = false): CannedAnswer | undefined =>
    hooks.answer!(view(fingerprint, stream)) as CannedAnswer | undefined

  it('is off by default', () => {
    assert.equal((cache.config as { properties: { enabled: { default: boolean } } }).properties.enabled.default, false)
    assert.deepEqual(cache.setup({ ...CONFIG, enabled: false }, {} as Host), {})
  })
  it('answers the same request again, and no other', () => {
    hooks.onAnswer!(view('a'), delivered({ body: BODY }))
    assert.deepEqual(ask('a'), { source: 'cache', model: 'm', provider: 'p', body: BODY, chunks: null })
    assert.equal(ask('b'), undefined)
  })
  it('answers a streamed request from chunks, and never one form for the other', () => {
    hooks.onAnswer!(view('a', true), delivered({ chunks: CHUNKS }))
    assert.deepEqual(ask('a', true)?.chunks, CHUNKS)
    assert.equal(ask('a', false), undefined)
  })
  it('neither stores nor answers without a fingerprint', () => {
    hooks.onAnswer!(view(null), delivered({ body: BODY }))
    assert.equal(ask(null), undefined)
  })
  const refused: [string, Partial<Delivered>][] = [
    ['an error', { body: { error: { message: 'no' } } }],
    ['a body without choices', { body: { choices: [] } }],
    ['a stream that broke off', { chunks: CHUNKS.slice(0, 1) }],
    [
      'a stream whose second choice broke off',
      { chunks: [...CHUNKS, { choices: [{ index: 1, delta: { content: 'x' }, finish_reason: null }] }] },
    ],
    ['a stream that ended with an error', { chunks: [...CHUNKS, { error: { message: 'no' } }] }],
    ['more than the kernel kept', {}],
  ]
  for (const [what, answer] of refused) {
    it(`does not store ${what}`, () => {
      hooks.onAnswer!(view('a', answer.chunks !== undefined), delivered(answer))
      assert.equal(ask('a', answer.chunks !== undefined), undefined)
    })
  }
  it('forgets after its time, counted from the provider and not from the last reading', () => {
    hooks.onAnswer!(view('a'), delivered({ body: BODY }))
    now = 59_999
    assert.ok(ask('a'))
    hooks.onAnswer!(view('a'), delivered({ body: BODY }))
    now = 60_000
    assert.equal(ask('a'), undefined)
  })
})

describe('answer store', () => {
  const answer = (text: string): Delivered => ({ model: 'm', provider: 'p', body: { text }, chunks: null })
  it('lets go of what was not read for longest', () => {
    const store = new AnswerStore({ maxEntries: 2, maxBytes: 1000, ttlMs: 1000 })
    store.put('a', answer('1'), 0)
    store.put('b', answer('2'), 0)
    store.get('a', 0)
    store.put('c', answer('3'), 0)
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => store.get(key, 0) !== undefined),
      [true, false, true],
    )
  })
  it('never holds more bytes than it may', () => {
    const store = new AnswerStore({ maxEntries: 1000, maxBytes: 500, ttlMs: 1000 })
    for (let i = 0; i < 200; i++) {
      store.put(`k${i % 70}`, answer('x'.repeat((i * 37) % 300)), i)
      assert.ok(store.bytes <= 500)
    }
    assert.ok(store.size > 0)
    store.put('huge', answer('x'.repeat(600)), 0)
    assert.equal(store.get('huge', 0), undefined)
  })
  it('counts back what has expired', () => {
    const store = new AnswerStore({ maxEntries: 10, maxBytes: 500, ttlMs: 10 })
    store.put('a', answer('1'), 0)
    assert.equal(store.get('a', 10), undefined)
    assert.equal(store.bytes, 0)
  })
})
