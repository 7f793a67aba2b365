// Protected values over whole exchanges, generated: they appear in nothing that leaves to the provider, the record, the log or an error, and
// the client gets back what it may see.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { openHouse, type Asked, type House, type Provided } from '../../support/in-process.ts'
import type { JsonObject } from '../../../core/plugin/index.ts'

const EXCHANGES = process.env['SALLYPORT_TEST_LONG'] ? 10_000 : 340

const POLICY = `module privacy
import standard.detectors as std

policy privacy.contacts "Contacts leave as tokens" {
  on       request
  tokenize std.email, std.ip_address in prompt to tools "send_mail"
}
policy privacy.cards "Cards stay" {
  on     request
  redact std.payment_card in prompt
}
policy privacy.accounts "Accounts are covered" {
  on   request
  mask std.iban in prompt
}
`

interface Planted {
  readonly kind: 'email' | 'card' | 'iban'
  readonly value: string
}

const letters = fc.stringMatching(/^[a-z]{5,10}$/)
const digits = (count: number) => fc.stringMatching(new RegExp(`^[1-9]\\d{${count - 1}}$`))

const email = fc
  .tuple(letters, fc.nat(999), letters)
  .map(([name, n, host]) => ({ kind: 'email' as const, value: `${name}.${n}@${host}.example` }))
const card = digits(14).map((rest) => ({ kind: 'card' as const, value: withLuhn(`4${rest}`) }))
const iban = digits(18).map((account) => ({ kind: 'iban' as const, value: withIbanCheck('DE', account) }))
const word = fc.constantFrom(
  'please',
  'write to',
  'and then',
  '\n',
  '"quoted"',
  '⟦',
  '⟧ ',
  '{"a":[',
  'C:\\temp',
  'naïve',
  '😀',
  '⟦EMAIL_AAAAAAAA⟧',
)
const planted: fc.Arbitrary<Planted> = fc.oneof({ arbitrary: email, weight: 3 }, card, iban)
const prompt = fc.array(fc.oneof(word, planted), { minLength: 1, maxLength: 8 })
const mode = fc.constantFrom('unary', 'stream', 'tool', 'refused', 'broken')

describe('protected values', function () {
  this.timeout(300_000)
  let house: House

  before(async () => {
    house = await openHouse(POLICY)
  })
  after(() => house.close())
  beforeEach(() => {
    house.vault = null
    house.provide = echo
  })

  it(`appear nowhere but with the client, over ${EXCHANGES} exchanges; tokens come back as they were; a second time changes nothing`, async () => {
    await fc.assert(
      fc.asyncProperty(prompt, mode, async (pieces, how) => {
        house.sent.length = 0
        house.kept.length = 0
        const content = pieces.map((piece) => (typeof piece === 'string' ? piece : piece.value)).join(' ')
        const values = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece]))
        house.provide = (body) => PROVIDERS[how]!(body)
        const asked = await house.ask(
          { messages: [{ role: 'user', content }], stream: how === 'stream' || how === 'broken' },
          { session: 's' },
        )

        assert.ok(house.sent.length > 0, asked.body)
        const everywhere = [...house.sent, ...house.kept].join('\n')
        for (const { value } of values) assert.ok(!everywhere.includes(value), `${value} in ${everywhere}`)
        for (const { kind, value } of values) if (kind !== 'email' || how === 'refused') assert.ok(!asked.body.includes(value), asked.body)
        const left = contentOf(house.sent[0]!)
        if (how === 'unary' || how === 'stream') assert.equal(textOf(asked), restoredBy(pieces))
        if (how === 'tool') for (const { kind, value } of values) assert.equal(asked.body.includes(value), kind === 'email')

        house.provide = echo
        await house.ask({ messages: [{ role: 'user', content: left }] }, { session: 's' })
        assert.equal(contentOf(house.sent.at(-1)!), left)
      }),
      { numRuns: EXCHANGES, seed: 4 },
    )
  })

  it('refuse the request when they cannot be kept, and nothing leaves', async () => {
    house.sent.length = 0
    for (const putMany of [
      () => Promise.reject(new Error('the store is away')),
      () => {
        throw new Error('the store is away')
      },
      () => new Promise<never>(() => {}),
    ]) {
      house.vault = { putMany }
      const { status, body } = await house.ask({ messages: [{ role: 'user', content: 'jo.smith@example.com' }] })
      assert.deepEqual([status, (JSON.parse(body) as { error: { code: string } }).error.code], [503, 'state_unavailable'])
    }
    assert.equal(house.sent.length, 0)
  })

  it('stay placeholders, with a warning, when they cannot be looked up', async () => {
    await house.ask({ messages: [{ role: 'user', content: 'jo.smith@example.com' }] }, { session: 'away' })
    const placeholder = contentOf(house.sent.at(-1)!)
    const back = await house.ask({ messages: [{ role: 'user', content: placeholder }] }, { session: 'away' })
    assert.equal(textOf(back), 'jo.smith@example.com')
    assert.equal(back.headers['x-sallyport-warnings'], undefined)
    house.vault = { getMany: () => Promise.reject(new Error('the store is away')) }
    const { status, headers, ...asked } = await house.ask({ messages: [{ role: 'user', content: placeholder }] }, { session: 'away' })
    assert.deepEqual(
      [status, textOf({ status, headers, ...asked }), headers['x-sallyport-warnings']],
      [200, placeholder, 'token_unrestored'],
    )
  })

  it('come back in what the client asked for as JSON without breaking it', async () => {
    house.provide = (body) => ({ pieces: [unary({ content: JSON.stringify({ to: saidIn(body) }) })] })
    const asked = await house.ask({
      messages: [{ role: 'user', content: 'jo.smith@example.com' }],
      response_format: { type: 'json_object' },
    })
    assert.deepEqual(JSON.parse(textOf(asked)), { to: 'jo.smith@example.com' })
  })

  it('come back as they are beside the JSON that the client asked for', async () => {
    house.provide = (body) => ({ pieces: [unary({ content: null, refusal: `not ${saidIn(body)}`, odd: saidIn(body) })] })
    const asked = await house.ask({
      messages: [{ role: 'user', content: 'jo.smith@example.com' }],
      response_format: { type: 'json_object' },
    })
    const { message } = (JSON.parse(asked.body) as { choices: { message: { [name: string]: unknown } }[] }).choices[0]!
    assert.deepEqual([message['refusal'], message['odd']], ['not jo.smith@example.com', 'jo.smith@example.com'])
  })

  it('stay placeholders in reasoning that is signed', async () => {
    house.provide = (body) => ({
      pieces: [
        unary({
          content: 'done',
          reasoning_content: saidIn(body),
          thinking_blocks: [{ type: 'thinking', thinking: saidIn(body), signature: 'x' }],
        }),
      ],
    })
    const asked = await house.ask({ messages: [{ role: 'user', content: 'jo.smith@example.com' }] })
    const { message } = (JSON.parse(asked.body) as { choices: { message: { [name: string]: unknown } }[] }).choices[0]!
    assert.equal(message['reasoning_content'], 'jo.smith@example.com')
    assert.match(JSON.stringify(message['thinking_blocks']), /⟦EMAIL_[A-Z2-7]{8}⟧/)
  })
})

describe('tokens of a target', function () {
  this.timeout(120_000)
  let house: House

  before(async () => {
    house = await openHouse(`module privacy
import standard.detectors as std

policy privacy.abroad "Addresses leave the union as tokens" {
  on       target
  when     target.zone == "us"
  tokenize std.email in prompt
}
policy privacy.everywhere "The last digits of cards may leave" {
  on   request
  mask std.payment_card in prompt except last 4
}
`)
  })
  after(() => house.close())

  it('come back, and leave what the request phase protects protected', async () => {
    house.provide = echo
    const asked = await house.ask({ messages: [{ role: 'user', content: 'jo.smith@example.com pays with 4111 1111 1111 1111' }] })
    assert.match(contentOf(house.sent[0]!), /^⟦EMAIL_[A-Z2-7]{8}⟧ pays with \*{4} \*{4} \*{4} 1111$/)
    assert.equal(textOf(asked), 'jo.smith@example.com pays with **** **** **** 1111')
  })

  it('that cannot be kept close the target', async () => {
    house.vault = { putMany: () => Promise.reject(new Error('the store is away')) }
    house.sent.length = 0
    const { status } = await house.ask({ messages: [{ role: 'user', content: 'jo.smith@example.com' }] })
    assert.deepEqual([status, house.sent.length], [503, 0])
  })
})

describe('tokens behind guards', function () {
  this.timeout(120_000)
  let house: House

  before(async () => {
    house = await openHouse(`module privacy
import standard.detectors as std

policy privacy.contacts "Addresses leave as tokens" {
  on       request
  tokenize std.email in prompt
}
policy privacy.invented "The model may not bring addresses of its own" {
  on     response, stream
  when   completion contains std.email
  deny   "privacy.invented"
}
policy privacy.cards "An answer with a card is judged as a whole" {
  on     response
  when   completion contains std.payment_card
  deny   "privacy.card"
  buffer completion
}
`)
  })
  after(() => house.close())

  for (const stream of [false, true]) {
    it(`come back although no policy lets an address pass${stream ? ', out of a stream that is held' : ''}`, async () => {
      house.provide = echo
      const asked = await house.ask({ messages: [{ role: 'user', content: 'jo.smith@example.com' }], stream })
      assert.deepEqual([asked.status, textOf(asked)], [200, 'jo.smith@example.com'])
    })
    it(`do not help an address that the model brings${stream ? ', in a stream' : ''}`, async () => {
      house.provide = (body) => PROVIDERS['unary']!({ ...body, messages: [{ content: `${saidIn(body)} and al@example.com` }] })
      const asked = await house.ask({ messages: [{ role: 'user', content: 'jo.smith@example.com' }], stream })
      assert.match(asked.body, /privacy\.invented/)
      assert.ok(!asked.body.includes('al@example.com'))
    })
  }
})

// ── the provider ─────────────────────────────────────────────────────────────────────────────────────────────────────

const saidIn = (body: JsonObject): string => (body['messages'] as readonly { content: string }[]).at(-1)!.content
const contentOf = (sent: string): string => saidIn(JSON.parse(sent) as JsonObject)

function unary(message: object): string {
  return JSON.stringify({
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'mirror',
    choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
  })
}

function event(delta: object, finish: string | null = null): string {
  const head = { id: 'x', object: 'chat.completion.chunk', created: 1, model: 'mirror' }
  return `data: ${JSON.stringify({ ...head, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
}

const streamed = (text: string): readonly string[] => [...text].map((content) => event({ content }))

const echo = (body: JsonObject): Provided => {
  const text = saidIn(body)
  if (!body['stream']) return { pieces: [unary({ content: text })] }
  return { pieces: [...streamed(text), event({}, 'stop'), 'data: [DONE]\n\n'] }
}

const PROVIDERS: { readonly [mode: string]: (body: JsonObject) => Provided } = {
  unary: echo,
  stream: echo,
  tool: (body) => ({
    pieces: [
      unary({
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'send_mail', arguments: JSON.stringify({ text: saidIn(body) }) } }],
      }),
    ],
  }),
  refused: (body) => ({ status: 400, pieces: [JSON.stringify({ error: { message: `cannot read ${saidIn(body)}`, code: 'bad' } })] }),
  broken: (body) => ({ pieces: streamed(saidIn(body)), breaks: true }),
}

// ── the client ───────────────────────────────────────────────────────────────────────────────────────────────────────

function textOf({ body }: Asked): string {
  if (body.startsWith('{')) return (JSON.parse(body) as { choices: { message: { content: string } }[] }).choices[0]!.message.content
  const events = [...body.matchAll(/^data: (\{.*)$/gm)].map(
    ([, source]) => JSON.parse(source!) as { choices: { delta: { content?: string } }[] },
  )
  return events.map(({ choices }) => choices[0]?.delta.content ?? '').join('')
}

/** What the client must get of an echo: its own text, but for what is gone for good. */
function restoredBy(pieces: readonly (string | Planted)[]): string {
  return pieces
    .map((piece) => {
      if (typeof piece === 'string') return piece
      if (piece.kind === 'email') return piece.value
      return piece.kind === 'card' ? '[PAYMENT_CARD]' : piece.value.replaceAll(/[A-Z0-9]/g, '*')
    })
    .join(' ')
}

// ── values with checks ───────────────────────────────────────────────────────────────────────────────────────────────

function withLuhn(body: string): string {
  const sum = [...body].reverse().reduce((total, digit, i) => {
    const doubled = i % 2 === 0 ? Number(digit) * 2 : Number(digit)
    return total + (doubled > 9 ? doubled - 9 : doubled)
  }, 0)
  return `${body}${(10 - (sum % 10)) % 10}`
}

function withIbanCheck(country: string, account: string): string {
  const asDigits = [...`${account}${country}00`].map((c) => (/\d/.test(c) ? c : String(c.charCodeAt(0) - 55))).join('')
  const check = 98n - (BigInt(asDigits) % 97n)
  return `${country}${String(check).padStart(2, '0')}${account}`
}
