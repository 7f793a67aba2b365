// Long texts that want the workers dead, and workers that die: what was not scanned is failed, never empty, and the next text is scanned.
import assert from 'node:assert/strict'
import type { Worker } from 'node:worker_threads'
import { createDetection } from '../../../core/detect/index.ts'
import { ALL, detector, standardDetection } from './standard.ts'
import { proseOf } from './prose.ts'

const EMAIL = 'standard.detectors.email'
const MOST = process.env['SALLYPORT_TEST_LONG'] ? 16e6 : 2e6
const long = (seed: number): string => `${proseOf(seed, 20_000)} jo@example.com `

/** Collects the workers that start while `work` runs. */
async function workersOf<T>(work: () => Promise<T>): Promise<{ readonly workers: readonly Worker[]; readonly result: T }> {
  const workers: Worker[] = []
  const note = (worker: unknown): void => void workers.push(worker as Worker)
  process.on('worker', note)
  try {
    return { result: await work(), workers }
  } finally {
    process.off('worker', note)
  }
}

describe('attacks on the pool', function () {
  this.timeout(120_000)

  it('a worker that dies in the middle fails its task alone, and is replaced', async () => {
    const detection = standardDetection()
    const { workers } = await workersOf(() => Promise.resolve(detection.scan([long(1)], [EMAIL], 10_000)))
    assert.equal(workers.length, 1)
    const scanning = detection.scan(['4 '.repeat(2_000_000)], ALL, 30_000)
    await workers[0]!.terminate()
    const { findings, failed } = await scanning
    assert.deepEqual(findings, [[]])
    assert.deepEqual(failed, ALL.flatMap((name) => detection.members(name)).sort())
    const after = await detection.scan([long(2)], [EMAIL], 10_000)
    assert.deepEqual([after.failed, after.findings[0]!.length], [[], 1])
    await detection.close()
  })

  it('tasks that wait behind a hostile one are failed at their own deadline, or done', async () => {
    const detection = standardDetection()
    const hostile = detection.scan(['4 '.repeat(4_000_000)], ALL, 100)
    const waiting = [3, 4, 5].map((seed) => detection.scan([long(seed)], [EMAIL], 20_000))
    const hopeless = detection.scan([long(6)], [EMAIL], 0)
    assert.ok((await hostile).failed.length > 0)
    assert.deepEqual(await hopeless, { findings: [[]], failed: [EMAIL] })
    for (const one of waiting) assert.deepEqual([(await one).failed, (await one).findings[0]!.length], [[], 1])
    await detection.close()
  })

  const shapes: readonly (readonly [title: string, unit: string])[] = [
    ['beginnings of numbers', '4 '],
    ['numbers that go on', '4111 1111 1111 1111 '],
    ['mailboxes in a row', 'a@b.co,'],
    ['runs of base64', 'am9AZXhhbXBsZS5jb20= '],
    ['escapes', '%40 '],
    ['half characters', '\ud83d'],
  ]
  for (const [title, unit] of shapes)
    it(`millions of characters of ${title} are scanned or failed, and end nobody`, async () => {
      const detection = standardDetection()
      const text = `${unit.repeat(Math.floor(MOST / unit.length))} jo@example.com `
      const { findings, failed } = await detection.scan([text], ALL, 600)
      assert.ok(failed.includes(EMAIL) || findings[0]!.length > 0)
      const after = await detection.scan([long(7)], [EMAIL], 10_000)
      assert.deepEqual([after.failed, after.findings[0]!.length], [[], 1])
      await detection.close()
    })

  it('millions of places where a number may begin are all judged, by the same worker', async () => {
    const detection = standardDetection()
    const { workers, result } = await workersOf(async () => {
      const late = await detection.scan([`${'4 '.repeat(MOST / 4)} jo@example.com `, `${'5 '.repeat(50_000)} jo@example.com `], ALL, 60_000)
      await detection.scan([long(8)], [EMAIL], 10_000)
      return late
    })
    assert.deepEqual([result.failed, result.findings.map(({ length }) => length)], [[], [1, 1]])
    assert.equal(workers.length, 1, 'the worker lives on')
    await detection.close()
  })

  it('what comes in batches is what is found at once', async () => {
    const text = `${'4 '.repeat(9)}jo@example.com 4111 1111 1111 1111 1 +49 30 9018724\n`.repeat(2000)
    const [there, here] = [standardDetection({ inlineChars: 0 }), standardDetection({ inlineChars: text.length })]
    const found = await there.scan([text], ALL, 60_000)
    assert.ok(found.findings[0]!.length >= 6000)
    assert.deepEqual(found, await here.scan([text], ALL, 60_000))
    await Promise.all([there.close(), here.close()])
  })

  it('a text with more findings than can be kept is failed, and does not exhaust the worker', async () => {
    const detection = createDetection([detector('d', { patterns: ['\\bx\\b'] })], new Map(), { workers: 1 })
    const { workers, result } = await workersOf(async () => {
      const late = await detection.scan(['x '.repeat(600_000)], ['d'], 60_000)
      await detection.scan([long(8)], ['d'], 10_000)
      return late
    })
    assert.deepEqual(result, { findings: [[]], failed: ['d'] })
    assert.equal(workers.length, 1, 'the worker lives on')
    await detection.close()
  })

  it('a pattern that was forced past every check stalls nobody beyond the deadline', async () => {
    const patterns = ['(?:a{1,50}){1,50}b', '(?:[ab]{1,20}a){5}[ab]{20}c', '(?:(?:x+x+)+y){1,9}', '(?:.{0,60}a){8}z']
    for (const pattern of patterns) {
      const detection = createDetection([detector('d', { patterns: [pattern] }), detector('e', { patterns: ['needle'] })], new Map(), {
        workers: 1,
      })
      let beats = 0
      const heart = setInterval(() => beats++, 1)
      const text = `${'aabax'.repeat(200_000)} needle`
      const { findings, failed } = await detection.scan([text], ['d', 'e'], 300)
      clearInterval(heart)
      assert.ok(failed.length === 2 || findings[0]!.some((one) => one.detector === 'e'), pattern)
      assert.ok(beats > 0, 'the event loop went on')
      const after = await detection.scan([long(9).repeat(2) + 'needle'], ['e'], 10_000)
      assert.equal(after.findings[0]!.length, 1, pattern)
      await detection.close()
    }
  })

  it('a check that throws on the last of many leaves nothing half known', async () => {
    let calls = 0
    const check = (): boolean => (++calls < 100 ? true : assert.fail('broken check'))
    const detection = createDetection([detector('d', { patterns: ['x{3}'], checks: ['c'] })], new Map([['c', check]]), { workers: 1 })
    assert.deepEqual(await detection.scan(['xxx '.repeat(5000)], ['d'], 10_000), { findings: [[]], failed: ['d'] })
    await detection.close()
  })

  it('closing while texts are scanned fails them, and hangs nobody', async () => {
    const detection = standardDetection()
    const scanning = detection.scan(['4 '.repeat(4_000_000)], ALL, 30_000)
    await detection.close()
    assert.ok((await scanning).failed.includes(EMAIL))
  })
})
