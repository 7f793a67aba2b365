import assert from 'node:assert/strict'
import { ALL, samples, specs, standardDetection } from './standard.ts'
import { proseOf } from './prose.ts'
import { pii } from '../../../plugins/pii/index.ts'
import type { ScanResult } from '../../../core/detect/port.ts'
import type { Finding } from '../../../core/model/content.ts'

const detection = standardDetection()
const scan = (text: string, detectors: readonly string[] = ALL): readonly Finding[] =>
  (detection.scan([text], detectors, 1000) as ScanResult).findings[0]!
const found = (text: string): string[] =>
  scan(text).map(({ detector, start, end }) => `${detector.slice('standard.detectors.'.length)}: ${text.slice(start, end)}`)

function redactAll(text: string): string {
  const verb = pii.vocabulary!({}).verbs!.find(({ phrase }) => phrase.startsWith('redact'))!
  assert(verb.acts === 'spans')
  let out = ''
  let at = 0
  for (const finding of scan(text)) {
    if (finding.start < at) continue
    out +=
      text.slice(at, finding.start) +
      verb.rewrite(text.slice(finding.start, finding.end), finding, {
        verb: 'redact',
        phrase: '',
        policy: 'p',
        severity: 'high',
        operands: {},
      })
    at = finding.end
  }
  return out + text.slice(at)
}

describe('standard detectors', () => {
  for (const { name, examples, never } of samples) {
    for (const example of examples) it(`${name} finds ${JSON.stringify(example)}`, () => assert.equal(scan(example, [name]).length, 1))
    for (const text of never) it(`${name} leaves ${JSON.stringify(text)}`, () => assert.deepEqual(scan(text, [name]), []))
  }

  it('every detector that is no union has examples of both kinds', () => {
    assert.equal(samples.length, 12)
    for (const { name, examples, never } of samples) {
      const isUnion = specs.find((spec) => spec.name === name)!.any.length > 0
      assert.equal(examples.length > 0 && never.length > 0, !isUnion, name)
    }
  })

  const cases: readonly (readonly [why: string, text: string, expected: readonly string[]])[] = [
    ['takes the number, not the words around it', 'pay with 4111 1111 1111 1111, please', ['payment_card: 4111 1111 1111 1111']],
    ['is not fooled by digits in front of a card', 'item 7 4111 1111 1111 1111', ['payment_card: 4111 1111 1111 1111']],
    ['is not fooled by digits behind a card', '4111 1111 1111 1111 123', ['payment_card: 4111 1111 1111 1111']],
    ['sees through full-width digits', '４１１１ １１１１ １１１１ １１１１', ['payment_card: ４１１１ １１１１ １１１１ １１１１']],
    ['sees through invisible characters', 'jo\u200b@exam\u2060ple.com', ['email: jo\u200b@exam\u2060ple.com']],
    ['sees through bidi marks at the edge', '\u202ejo@example.com\u202c', ['email: jo@example.com']],
    ['sees through mathematical digits beyond the basic plane', '𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏', ['payment_card: 𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏']],
    ['sees through Arabic digits', '٤١١١١١١١١١١١١١١١', ['payment_card: ٤١١١١١١١١١١١١١١١']],
    ['finds two addresses with a comma between', 'a.b@example.com,c@example.org', ['email: a.b@example.com', 'email: c@example.org']],
    [
      'finds a key with escaped line ends',
      String.raw`{"k":"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END PRIVATE KEY-----\n"}`,
      [String.raw`private_key: -----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\n-----END PRIVATE KEY-----`],
    ],
  ]
  for (const [why, text, expected] of cases) it(why, () => assert.deepEqual(found(text), expected))

  it('leaves nothing of a private key of 4,096 bits', () => {
    const lines = 'MIIEpAIBAAKCAQEA7bq8Zg3xkQ1mYz0qMIIEpAIBAAKCAQEA7bq8Zg3xkQ1mYz0q\n'.repeat(48)
    const key = `-----BEGIN RSA PRIVATE KEY-----\n${lines}-----END RSA PRIVATE KEY-----`
    const covered = scan(`x ${key} y`).reduce((to, { start, end }) => (start <= to ? Math.max(to, end) : to), 2)
    assert.equal(covered, 2 + key.length)
  })

  it('raises the score where a word stands nearby, and only there', () => {
    const score = (text: string): number => scan(text, ['standard.detectors.payment_card'])[0]!.score
    assert.equal(score('number 4111111111111111'), 0.6)
    assert.equal(score('my Visa 4111111111111111'), 0.9)
    assert.equal(score('4111111111111111 is my card'), 0.9)
    assert.equal(score('discard 4111111111111111'), 0.6)
    assert.equal(score(`card ${'x'.repeat(40)} 4111111111111111`), 0.6)
  })

  it('finds nothing in 300,000 characters of ordinary prose', () => {
    for (let seed = 1; seed <= 40; seed++) assert.deepEqual(found(proseOf(seed, 7500)), [])
  })

  it('finds nothing in what redact leaves behind, so that redacting twice changes nothing', () => {
    const redacted = new Set(ALL.flatMap((union) => detection.members(union)))
    for (const { name, examples } of samples) {
      for (const example of redacted.has(name) ? examples : []) {
        const once = redactAll(example)
        assert.notEqual(once, example)
        assert.equal(redactAll(once), once)
      }
    }
  })

  it('names members of unions, and none for an unknown name', () => {
    assert.deepEqual(
      detection.members('standard.detectors.secret'),
      ['api_key', 'jwt', 'private_key'].map((name) => `standard.detectors.${name}`),
    )
    assert.deepEqual(detection.members('nobody'), [])
  })
})
