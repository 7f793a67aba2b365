import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createDetection } from '../../../core/detect/index.ts'
import { bindPolicies } from '../../../core/policy/bind.ts'
import { gatherWords } from '../../../core/policy/words.ts'
import { readVocabularies } from '../../../core/plugin/registry.ts'
import { compile } from '../../../dsl/index.ts'
import { pii } from '../../../plugins/pii/index.ts'
import { presidio } from '../../../plugins/detector.presidio/index.ts'
import type { Detection } from '../../../core/detect/port.ts'
import type { Plugin } from '../../../core/plugin/contract.ts'
import { detector } from '../detect/standard.ts'

const PERSON = 'presidio.person'
const PLACE = 'presidio.location'
const NAMES: readonly (readonly [string, RegExp])[] = [
  ['PERSON', /Maria Kowalska|😀 Jo/gu],
  ['LOCATION', /Gdańsk/gu],
]

/** Speaks the documented protocol: places in code points, as Python counts. */
interface Analyzer {
  readonly endpoint: string
  readonly asked: { text: string; language: string; entities: string[]; score_threshold: number }[]
  answer: ((text: string) => { status: number; body: string } | null) | null
  mostAtOnce: number
  close(): Promise<void>
}

function analyze(text: string, entities: readonly string[]): object[] {
  return NAMES.filter(([type]) => entities.includes(type)).flatMap(([type, pattern]) =>
    [...text.matchAll(pattern)].map((match) => {
      const start = Array.from(text.slice(0, match.index)).length
      return { entity_type: type, start, end: start + [...match[0]].length, score: 0.85, analysis_explanation: null }
    }),
  )
}

async function openAnalyzer(): Promise<Analyzer> {
  let atOnce = 0
  const server: Server = createServer((request, response) => {
    analyzer.mostAtOnce = Math.max(analyzer.mostAtOnce, ++atOnce)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      assert.equal(`${request.method} ${request.url} ${request.headers['content-type']}`, 'POST /analyze application/json')
      const asked = JSON.parse(Buffer.concat(chunks).toString()) as Analyzer['asked'][number]
      analyzer.asked.push(asked)
      const given = analyzer.answer?.(asked.text)
      if (given === null) return
      response.writeHead(given?.status ?? 200, { 'content-type': 'application/json' })
      response.end(given?.body ?? JSON.stringify(analyze(asked.text, asked.entities)))
      atOnce--
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const analyzer: Analyzer = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked: [],
    answer: null,
    mostAtOnce: 0,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
  return analyzer
}

const wordsFor = (endpoint: string | null, more: object = {}) =>
  gatherWords(readVocabularies([pii, presidio] as unknown as readonly Plugin[], { 'detector.presidio': { endpoint, ...more } }))

describe('detector.presidio', () => {
  let analyzer: Analyzer
  let detection: Detection
  beforeEach(async () => {
    analyzer = await openAnalyzer()
    const { engines } = wordsFor(analyzer.endpoint, { maxConcurrent: 2 })
    const specs = [detector('digits', { patterns: [String.raw`\d{6}`] }), detector('anybody', { any: ['digits', PERSON] })]
    detection = createDetection(specs, new Map(), { workers: 1, engines })
  })
  afterEach(async () => {
    await detection.close()
    await analyzer.close()
  })

  const found = async (texts: readonly string[], names: readonly string[], deadlineMs = 5000) => {
    const result = await detection.scan(texts, names, deadlineMs)
    return {
      failed: result.failed,
      found: result.findings.map((one, i) => one.map((f) => `${f.detector} ${texts[i]!.slice(f.start, f.end)} ${f.score}`)),
    }
  }

  it('brings no word until an endpoint is configured', () => {
    assert.deepEqual(wordsFor(null).engines, [])
    assert(wordsFor('http://127.0.0.1:1').vocabulary.engines.some(({ name }) => name === PERSON))
  })

  it('finds names and places, counting code points as the analyzer does', async () => {
    assert.deepEqual(await found(['🎉🎉 Maria Kowalska of Gdańsk 😀 Jo 🎉', 'nobody'], [PERSON, PLACE]), {
      failed: [],
      found: [[`${PERSON} Maria Kowalska 0.85`, `${PLACE} Gdańsk 0.85`, `${PERSON} 😀 Jo 0.85`], []],
    })
    assert.deepEqual(analyzer.asked[0], {
      text: '🎉🎉 Maria Kowalska of Gdańsk 😀 Jo 🎉',
      language: 'en',
      entities: ['PERSON', 'LOCATION'],
      score_threshold: 0.4,
    })
  })

  it('stands in unions beside patterns', async () => {
    assert.deepEqual(detection.members('anybody'), ['digits', PERSON])
    assert.deepEqual((await found(['Maria Kowalska 123456'], ['anybody'])).found, [[`${PERSON} Maria Kowalska 0.85`, 'digits 123456 0.5']])
  })

  it('asks once for equal texts, never for known ones, and for few at once', async () => {
    const texts = ['Maria Kowalska', 'a', 'b', 'c', 'a', '', 'Maria Kowalska']
    const first = await found(texts, [PERSON])
    assert.deepEqual(analyzer.asked.map(({ text }) => text).sort(), ['Maria Kowalska', 'a', 'b', 'c'])
    assert(analyzer.mostAtOnce <= 2)
    assert.deepEqual(await found([...texts, 'new'], [PERSON]), { failed: [], found: [...first.found, []] })
    assert.equal(analyzer.asked.length, 5)
  })

  const broken: readonly (readonly [why: string, answer: Analyzer['answer']])[] = [
    ['refuses', () => ({ status: 500, body: '{"error":"no model"}' })],
    ['answers with no JSON', () => ({ status: 200, body: '<html>' })],
    ['answers with something else', () => ({ status: 200, body: '{"PERSON":1}' })],
    ['names a place outside the text', () => ({ status: 200, body: '[{"entity_type":"PERSON","start":0,"end":999,"score":1}]' })],
    ['does not answer in time', () => null],
  ]
  for (const [why, answer] of broken) {
    it(`is a failed detector when the analyzer ${why}, while patterns keep their findings`, async () => {
      analyzer.answer = answer
      assert.deepEqual(await found(['123456'], ['digits', PERSON], 150), { failed: [PERSON], found: [['digits 123456 0.5']] })
      analyzer.answer = null
      assert.deepEqual((await found(['Maria Kowalska'], [PERSON])).failed, [])
    })
  }

  it('is a failed detector when nobody listens', async () => {
    await analyzer.close()
    assert.deepEqual((await found(['x'], [PERSON])).failed, [PERSON])
  })

  const policies = (rule: string) => ({ path: 'p.policy', text: `module acme.people\n${rule}\n` })
  const codes = (rule: string): string[] => {
    const { diagnostics } = compile([policies(rule)], wordsFor(analyzer.endpoint).vocabulary)
    return diagnostics.filter(({ severity }) => severity === 'error').map(({ code }) => code)
  }

  it('may stand in policies on requests and whole answers, and is an error on a stream', () => {
    assert.deepEqual(codes(`policy a.b "t" { on request when prompt contains presidio.person deny "a.b" }`), [])
    assert.deepEqual(codes(`policy a.b "t" { on response when completion contains presidio.person deny "a.b" }`), [])
    assert.deepEqual(codes(`policy a.b "t" { on response, stream when completion contains presidio.person deny "a.b" }`), ['P130'])
    assert.deepEqual(codes(`policy a.b "t" { on stream redact presidio.person in completion }`), ['P130'])
  })

  it('hides in no union: policies that would use it on a stream are not loaded', () => {
    const words = wordsFor(analyzer.endpoint)
    const rule = `detector anybody { any presidio.person }\npolicy a.b "t" { on stream redact anybody in completion }`
    const { bundle } = compile([policies(rule)], words.vocabulary)
    assert(bundle)
    assert.throws(() => bindPolicies(bundle, words, { scanDeadlineMs: 1000, scanWorkers: 1 }), /on stream.*presidio\.person/)
  })
})
