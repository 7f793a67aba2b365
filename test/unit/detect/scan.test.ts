import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FindingsCache } from '../../../core/detect/cache.ts'
import { createDetection } from '../../../core/detect/index.ts'
import { DetectorSet } from '../../../core/detect/detectors.ts'
import type { Detection, ScanResult } from '../../../core/detect/port.ts'
import { judgeInSteps, scanText } from '../../../core/detect/scan.ts'
import { walkText } from '../../../core/detect/walk.ts'
import { ALL, checks, detector, specs, standardDetection } from './standard.ts'
import { proseOf } from './prose.ts'

const EMAIL = 'standard.detectors.email'
const NEEDLE = ' jo@example.com '

describe('scanning', () => {
  let detection: Detection
  beforeEach(() => (detection = standardDetection()))
  afterEach(() => detection.close())

  it('answers at once for short texts and leaves threads alone', () => {
    const result = detection.scan(['to jo@example.com', '', 'none'], [EMAIL], 1000)
    assert(!(result instanceof Promise))
    assert.deepEqual(
      result.findings.map(({ length }) => length),
      [1, 0, 0],
    )
  })

  it('finds the same whether a candidate is asked as it closes or judged with all others', () => {
    const set = new DetectorSet(
      specs.filter(({ any }) => any.length === 0),
      checks,
    )
    const piece = fc.constantFrom(
      '4111 1111 1111 1111',
      'DE89 3704 0044 0532 0130 00',
      '4',
      '1',
      '1 ',
      '5500-',
      '0000 ',
      '+49 30 ',
      'a',
      'é',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const text = pieces.join('')
        const steps = judgeInSteps(set, text, walkText(set.automaton, text)!)
        let step = steps.next()
        while (!step.done) step = steps.next()
        assert.deepEqual(scanText(set, text), step.value)
      }),
      { numRuns: process.env['SALLYPORT_TEST_LONG'] ? 5000 : 500, seed: 13 },
    )
  })

  it('sends long texts to the pool and finds there what it finds here', async () => {
    const text = Array.from({ length: 40 }, (_, i) => `${proseOf(i, 2000)} card 4111 1111 1111 1111${NEEDLE}`).join('')
    const promised = detection.scan([text, 'short: jo@example.com'], ALL, 10_000)
    assert(promised instanceof Promise)
    const here = standardDetection({ inlineChars: Infinity }).scan([text, 'short: jo@example.com'], ALL, 1000)
    assert.deepEqual(await promised, here)
    assert.equal((await promised).findings[0]!.length, 80)
  })

  it('scans a known text no more: the second time it answers at once, however long it is', async () => {
    const text = proseOf(1, 20_000) + NEEDLE
    const first = await detection.scan([text], [EMAIL], 10_000)
    const second = detection.scan([text], [EMAIL], 10_000)
    assert(!(second instanceof Promise))
    assert.deepEqual(second, first)
  })

  it('scans of a long conversation its new message only', () => {
    let checked: string[] = []
    const counting = createDetection(
      [detector('d', { patterns: [String.raw`\bm\d+\b`], checks: ['count'] })],
      new Map([['count', (match: string) => checked.push(match) > 0]]),
      { workers: 1, inlineChars: Infinity },
    )
    const message = (i: number): string => `${proseOf(i, 300)} m${i} `
    const conversation = Array.from({ length: 50 }, (_, i) => message(i))
    void counting.scan(conversation, ['d'], 1000)
    assert.equal(checked.length, 50)
    checked = []
    const { findings } = counting.scan([...conversation, message(50)], ['d'], 1000) as ScanResult
    assert.deepEqual(checked, ['m50'])
    assert.equal(findings.flat().length, 51)
  })

  it('keeps findings of different detectors apart', () => {
    const text = `${proseOf(2, 300)}${NEEDLE}`
    for (const [name, count] of [
      [EMAIL, 1],
      ['standard.detectors.phone', 0],
      [EMAIL, 1],
    ] as const) {
      const result = detection.scan([text], [name], 1000)
      assert(!(result instanceof Promise))
      assert.equal(result.findings[0]!.length, count)
    }
  })

  it('ends a worker at the deadline, calls its detectors failed, and works on with a new one', async () => {
    const hostile = '4 '.repeat(4_000_000)
    const late = await detection.scan([hostile], ALL, 30)
    assert.deepEqual(late, { findings: [[]], failed: [...detection.members(ALL[0]!), ...detection.members(ALL[1]!)].sort() })
    const next = await detection.scan([proseOf(3, 20_000) + NEEDLE], [EMAIL], 10_000)
    assert.equal(next.findings[0]!.length, 1)
    assert.deepEqual(next.failed, [])
  })

  it('moves a short text to the pool when a pattern makes it too much work for the event loop', async () => {
    const nasty = createDetection([detector('d', { patterns: ['(?:[ab]{1,20}a){5}[ab]{20}c'] })], new Map(), { workers: 1 })
    const text = Array.from(proseOf(4, 6000), (character) => (character.charCodeAt(0) % 2 === 0 ? 'a' : 'b')).join('')
    const promised = nasty.scan([text], ['d'], 5)
    assert(promised instanceof Promise)
    assert.deepEqual(await promised, { findings: [[]], failed: ['d'] })
    await nasty.close()
  })

  it('calls detectors failed when a check throws, not empty', async () => {
    const broken = createDetection(
      [detector('d', { patterns: ['x{3}'], checks: ['bad'] })],
      new Map([['bad', () => assert.fail('broken check')]]),
      { workers: 1 },
    )
    assert.deepEqual(broken.scan(['xxx'], ['d'], 1000), { findings: [[]], failed: ['d'] })
    assert.deepEqual(await broken.scan([`${'y '.repeat(9000)}xxx`], ['d'], 10_000), { findings: [[]], failed: ['d'] })
    await broken.close()
  })
})

describe('the cache of findings', () => {
  it('forgets the least recently used when entries run out', () => {
    const cache = new FindingsCache({ maxEntries: 2, maxBytes: 1e6 })
    cache.put('a', [])
    cache.put('b', [])
    cache.get('a')
    cache.put('c', [])
    assert.deepEqual(
      ['a', 'b', 'c'].map((text) => cache.get(text) !== undefined),
      [true, false, true],
    )
  })

  it('stays within its bytes and never keeps one giant', () => {
    const cache = new FindingsCache({ maxEntries: 100, maxBytes: 10_000 })
    cache.put('x'.repeat(4000), [])
    assert.equal(cache.size, 0)
    for (let i = 0; i < 50; i++) cache.put(`${i}`.padEnd(1000), [])
    assert.equal(cache.size, 4)
  })
})
