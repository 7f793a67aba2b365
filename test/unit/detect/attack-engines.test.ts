// Engines that misbehave: whatever a service answers, or does not, its detectors are failed ones, and the next scan is not worse for it.
import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Engines } from '../../../core/detect/engines.ts'
import { openAnalyzer } from '../../../plugins/detector.presidio/analyzer.ts'
import type { Engine } from '../../../core/plugin/contract.ts'

const NAME = 'x.person'
const BOUNDS = { maxEntries: 100, maxBytes: 1e6 }
const finding = { detector: NAME, start: 0, end: 2, score: 0.5, checks: [] }
const engineOf = (detect: unknown): Engine => ({ detectors: [{ name: NAME, doc: 'd' }], detect: detect as Engine['detect'] })
const scan = (detect: unknown, texts = ['abc'], deadlineMs = 5000) =>
  new Engines([engineOf(detect)], BOUNDS).scan(texts, [NAME], deadlineMs)

describe('an engine that misbehaves', () => {
  const nonsense: readonly (readonly [title: string, answer: unknown])[] = [
    ['nothing', undefined],
    ['a text', 'abc'],
    ['a list of the wrong length', [[], []]],
    ['a list of nothing', [null]],
    ['findings that are no list', [{ length: 1 }]],
    ['a finding that is null', [[null]]],
    ['a finding without a place', [[{ detector: NAME, score: 1 }]]],
    ['a place between two units', [[{ ...finding, start: 0.5 }]]],
    ['a place that is no number', [[{ ...finding, start: '0' }]]],
    ['a place that is NaN', [[{ ...finding, end: NaN }]]],
    ['a place outside', [[{ ...finding, end: 4 }]]],
    ['an empty place', [[{ ...finding, end: 0 }]]],
    ['a place before the text', [[{ ...finding, start: -1 }]]],
    ['a detector that nobody asked for', [[{ ...finding, detector: 'x.other' }]]],
    ['the name of a prototype', [[{ ...finding, detector: '__proto__' }]]],
    ['a score that is none', [[{ ...finding, score: NaN }]]],
    ['more findings than the text has characters', [Array(1000).fill(finding)]],
  ]
  for (const [title, answer] of nonsense)
    it(`is a failed detector: ${title}`, async () => {
      assert.deepEqual(await scan(() => Promise.resolve(answer)), { findings: [[]], failed: [NAME] })
    })

  it('is a failed detector when it throws, and when its answer does', async () => {
    const failed = { findings: [[]], failed: [NAME] }
    const thrower = (): never => assert.fail('broken engine')
    assert.deepEqual(await scan(thrower), failed)
    assert.deepEqual(await scan(() => Promise.resolve([Object.defineProperty([], 0, { get: thrower, enumerable: true })])), failed)
  })

  it('gives findings in our form: one for equal ones, scores from 0 to 1, whole characters, nothing it added', async () => {
    const answer = [[{ ...finding, start: 1, score: 7, decoded: 'hex', odd: 1 }, finding, { ...finding, score: 0.2 }]]
    const { findings } = await scan(() => Promise.resolve(answer), ['😀😀'])
    assert.deepEqual(findings, [[{ ...finding, score: 1 }]])
  })

  it('is told to stop as soon as its answer is known, be it late, broken or good', async () => {
    for (const [answer, deadlineMs] of [
      [() => new Promise(() => {}), 5],
      [() => Promise.reject(new Error('broken')), 5000],
      [() => Promise.resolve([[]]), 5000],
    ] as const) {
      let given: AbortSignal | null = null
      await scan((_: unknown, __: unknown, signal: AbortSignal) => ((given = signal), answer()), ['abc'], deadlineMs)
      assert.equal((given as AbortSignal | null)?.aborted, true)
    }
  })
})

describe('an analyzer that misbehaves', () => {
  const open = async (answer: (request: IncomingMessage, response: ServerResponse, text: string) => void) => {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => answer(request, response, (JSON.parse(Buffer.concat(chunks).toString()) as { text: string }).text))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const options = { endpoint, language: 'en', entities: { person: 'PERSON' }, minScore: 0, maxConcurrent: 2 }
    const engines = new Engines([engineOf(openAnalyzer(options))], BOUNDS)
    return {
      server,
      scan: (texts: readonly string[], deadlineMs = 5000) => engines.scan(texts, [NAME], deadlineMs),
      close: async () => {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      },
    }
  }
  const entity = (start: number, end: number) => ({ entity_type: 'PERSON', start, end, score: 0.9 })
  const FAILED = { findings: [[]], failed: [NAME] }

  const answers: readonly (readonly [title: string, body: string | Buffer, head?: { [name: string]: string }, status?: number])[] = [
    ['a redirect', '', { location: 'http://127.0.0.1:1/steal' }, 307],
    ['an answer that is packed', Buffer.from('1f8b08', 'hex'), { 'content-encoding': 'gzip' }],
    ['a deep answer', '['.repeat(60_000)],
    ['an answer longer than the text can ask for', `[${' '.repeat(500_000)}]`],
    ['a thousand findings in three characters', JSON.stringify(Array(1000).fill(entity(0, 1)))],
    ['a place in fractions', JSON.stringify([entity(0.5, 1)])],
    ['a huge place', '[{"entity_type":"PERSON","start":0,"end":1e308,"score":1}]'],
    ['an endless score', '[{"entity_type":"PERSON","start":0,"end":1,"score":null}]'],
    ['a list of nothing', '[null]'],
    ['nothing', '', {}, 204],
  ]
  for (const [title, body, head = {}, status = 200] of answers)
    it(`is a failed detector, and nobody else is asked: ${title}`, async () => {
      const analyzer = await open((_, response) => response.writeHead(status, head).end(body))
      assert.deepEqual(await analyzer.scan(['abc']), FAILED)
      await analyzer.close()
    })

  it('is a failed detector when it hangs up in the middle, changes the protocol, or answers in drops', async () => {
    for (const answer of [
      (_: IncomingMessage, response: ServerResponse) => {
        response.writeHead(200, { 'content-length': '100' }).write('[')
        setImmediate(() => response.destroy())
      },
      (request: IncomingMessage) => request.socket.end('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n'),
      (request: IncomingMessage) => request.socket.end('nonsense\r\n\r\n'),
      (_: IncomingMessage, response: ServerResponse) => void response.writeHead(200).write('['),
    ]) {
      const analyzer = await open(answer)
      assert.deepEqual(await analyzer.scan(['abc'], 100), FAILED)
      await analyzer.close()
    }
  })

  it('keeps no connection busy with texts whose neighbours failed', async () => {
    const hung: ServerResponse[] = []
    const analyzer = await open((_, response, text) => {
      if (text === 'hangs') hung.push(response)
      else response.writeHead(text === 'fails' ? 500 : 200).end('[]')
    })
    // Two connections are all there are. Each round would lose one for good.
    for (const round of ['a', 'b', 'c']) {
      const pair = await analyzer.scan(['hangs', 'fails'])
      assert.deepEqual(pair.failed, [NAME])
      assert.deepEqual((await analyzer.scan([`good ${round}`], 2000)).failed, [])
    }
    await analyzer.close()
  })

  it('counts code points, in whatever company of halves', async () => {
    const texts = ['\ud800 😀 Jo', '😀\udc00Jo', '\u{10ffff}\ud83d Jo', 'Jo\ud83d']
    const analyzer = await open((_, response, text) => {
      const at = Array.from(text).indexOf('J')
      response.writeHead(200).end(JSON.stringify([entity(at, at + 2)]))
    })
    const { findings, failed } = await analyzer.scan(texts)
    assert.deepEqual(failed, [])
    assert.deepEqual(
      findings.map(([one], i) => texts[i]!.slice(one!.start, one!.end)),
      texts.map(() => 'Jo'),
    )
    await analyzer.close()
  })
})
