// Values in disguise through the real gateway: what leaves for the provider, and what an answer shows, whole and in a stream cut anywhere, holds
// nothing of the value, however it is written; what is left is text as before, and no second pass changes it.
import assert from 'node:assert/strict'
import OpenAI from 'openai'
import { baseConfig, startGateway, type RunningGateway } from '../support/gateway.ts'
import { startUpstream, text, type UpstreamServer } from '../support/upstream/index.ts'

const VALUES = [
  ['email', 'jo.smith@example.org', '[EMAIL]'],
  ['payment_card', '4111 1111 1111 1111', '[PAYMENT_CARD]'],
  ['api_key', 'AKIAQ3EGRIF7XN2TZ5KM', '[API_KEY]'],
] as const

type Disguise = (text: string) => string
const base64: Disguise = (value) => Buffer.from(value).toString('base64')
const hex: Disguise = (value) => Buffer.from(value).toString('hex')
const each =
  (write: (code: number) => string, between = ''): Disguise =>
  (value) =>
    Array.from(Buffer.from(value), write).join(between)
/** Only the character in the middle. */
const one =
  (write: (code: number) => string): Disguise =>
  (value) =>
    value.slice(0, 7) + write(value.charCodeAt(7)) + value.slice(8)
const byte = (code: number): string => code.toString(16).padStart(2, '0')

const DISGUISES: { readonly [name: string]: Disguise } = {
  'zero-width characters': (value) => [...value].join('\u200b'),
  'full-width': (value) => value.replaceAll(/[!-~]/g, (character) => String.fromCharCode(character.charCodeAt(0) + 0xfee0)),
  blanks: (value) => [...value.replaceAll(' ', '')].join(' '),
  'thin blanks': (value) => [...value.replaceAll(' ', '')].join('\u2009'),
  hyphens: (value) => [...value.replaceAll(' ', '')].join('-'),
  base64,
  'base64 twice': (value) => base64(base64(value)),
  'base64 in lines': (value) => base64(value).replaceAll(/.{12}(?=.)/g, '$&\n'),
  hex,
  'hex in groups': each(byte, ' '),
  'hex of base64': (value) => hex(base64(value)),
  'URL-encoding': each((code) => `%${byte(code)}`),
  'URL-encoding of one character': one((code) => `%${byte(code)}`),
  'an entity inside': one((code) => `&#${code};`),
  'a soft hyphen inside': (value) => `${value.slice(0, 7)}&shy;${value.slice(7)}`,
  'escapes of JSON': each((code) => `\\u00${byte(code)}`),
  'decimal codes': each(String, ' '),
  'binary codes': each((code) => code.toString(2).padStart(8, '0'), ' '),
}

const POLICIES = `
module disguises
import standard.detectors as std

policy disguises.prompt "Nothing personal leaves" {
  on request
  redact std.personal, std.secret in prompt
}
policy disguises.answer "Nothing personal is shown" {
  on response, stream
  redact std.personal, std.secret in completion
}
`

/** The same numbers in each run. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function cut(whole: string, below: (below: number) => number): readonly string[] {
  const pieces: string[] = []
  for (let at = 0; at < whole.length;) {
    const length = 1 + below(9)
    pieces.push(whole.slice(at, at + length))
    at += length
  }
  return pieces
}

describe('values in disguise', function () {
  this.timeout(120_000)
  let upstream: UpstreamServer
  let gateway: RunningGateway
  let client: OpenAI

  before(async () => {
    upstream = await startUpstream()
    gateway = await startGateway({
      config: { ...baseConfig(upstream.url), features: [{ name: 'open', pii: 'allow' }] },
      policies: { 'disguises.policy': POLICIES },
    })
    client = new OpenAI({
      apiKey: await gateway.key(),
      baseURL: `${gateway.url}/v1`,
      maxRetries: 0,
      defaultHeaders: { 'x-sallyport-feature': 'open' },
    })
  })
  beforeEach(() => upstream.reset())
  after(async () => {
    await gateway.remove()
    await upstream.close()
  })

  const ask = (content: string) => client.chat.completions.create({ model: 'gpt-test', messages: [{ role: 'user', content }] })
  const sent = (): string =>
    (JSON.parse(upstream.calls.at(-1)!.body.toString()) as { messages: { content: string }[] }).messages[0]!.content

  async function readAll(pieces: readonly string[]): Promise<string> {
    upstream.next(text(pieces))
    const answer = await client.chat.completions.create({ model: 'gpt-test', stream: true, messages: [{ role: 'user', content: 'hello' }] })
    let read = ''
    for await (const { choices } of answer) read += choices[0]?.delta.content ?? ''
    return read
  }

  for (const [i, [name, write]] of Object.entries(DISGUISES).entries())
    it(`are gone when written with ${name}, from prompts, answers and streams`, async () => {
      const below = randomFrom(i + 1)
      for (const [, value, label] of VALUES) {
        const said = `please see ${write(value)}, thank you`
        const clean = `please see ${label}, thank you`
        upstream.next(text(said))
        const answer = await ask(said)
        assert.equal(sent(), clean)
        assert.equal(answer.choices[0]!.message.content, clean)
        for (let round = 0; round < 3; round++) assert.equal(await readAll(cut(said, below)), clean)
        await ask(clean)
        assert.equal(sent(), clean)
        assert.equal(await readAll([clean]), clean)
      }
    })
})
