// The same answer, whole and as a stream that is cut anywhere: the client reads the same, in every member that an answer has.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { openHouse, type Asked, type House } from '../../support/in-process.ts'
import { readAnswer } from '../../support/stream-client.ts'
import type { JsonObject } from '../../../core/plugin/index.ts'

const RUNS = process.env['SALLYPORT_TEST_LONG'] ? 5000 : 170
const KEY = 'AKIAQ3EGRIF7XN2TZ5KM'
/** What the client said; the upstream sees placeholders in the place of the first two. */
const PROMPT = 'jo.smith@example.com, al@example.org'
const POLICY = `module both
import standard.detectors as std

policy both.contacts "Addresses leave as tokens" {
  on       request
  tokenize std.email in prompt to tools "send_mail"
}
policy both.secrets "Secrets are removed" {
  on     response, stream
  redact std.secret in completion with "[a \\"secret\\"]"
}
policy both.cards "Cards are covered" {
  on   response, stream
  when completion contains std.payment_card
  mask std.payment_card in completion except last 4
}
policy both.accounts "Accounts are removed from what people read" {
  on     response, stream
  redact std.iban in completion.text, completion.reasoning
}
`

interface Call {
  readonly type: 'function' | 'custom'
  readonly name: string
  readonly source: string
}

interface Said {
  readonly reasoning_content?: string
  readonly content?: string
  readonly refusal?: string
  readonly odd?: string
  readonly calls?: readonly Call[]
}

const word = fc.constantFrom(
  KEY,
  '4111 1111 1111 1111',
  '4111111111111111',
  'DE89 3704 0044 0532 0130 00',
  'new@example.net',
  '#0',
  '#1',
  '#0#1',
  'word',
  'Größe',
  '😀',
  '"',
  '\\',
  'AKIA',
  '4111',
  '⟦',
  '⟧',
  '\n',
  ', ',
  'password: ',
  '\u200b',
)
const text = fc.array(word, { minLength: 1, maxLength: 6 }).map((words) => words.join(' '))
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined })
const source = fc.oneof(
  fc.record({ a: text, b: text }).map((value) => JSON.stringify(value)),
  text.map((inner) => JSON.stringify({ n: 1, body: JSON.stringify({ inner }), card: 4111111111111111, list: [inner, null] })),
  text.map((inner) => JSON.stringify(inner).replaceAll('e', '\\u0065')),
  text.map((inner) => `{"a": #0, "b": ${JSON.stringify(inner)}`),
)
const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ type: fc.constant('function' as const), name: fc.constantFrom('send_mail', 'search'), source }),
  fc.record({ type: fc.constant('custom' as const), name: fc.constantFrom('send_mail', 'search'), source: text }),
)
const said: fc.Arbitrary<Said> = fc.record({
  reasoning_content: optional(text),
  content: optional(text),
  refusal: optional(text),
  odd: optional(text),
  calls: optional(fc.array(call, { maxLength: 3 })),
}) as fc.Arbitrary<Said>

type Loose = ReturnType<typeof JSON.parse>

const MEMBERS = ['reasoning_content', 'content', 'refusal', 'odd'] as const

/** With the placeholders of this exchange for `#0` and `#1`. */
function filled<T>(value: T, body: JsonObject): T {
  const placeholders = (body['messages'] as readonly { content: string }[])[0]!.content.split(', ')
  return JSON.parse(
    JSON.stringify(value).replaceAll(/#([01])/g, (_, n: string) => JSON.stringify(placeholders[Number(n)]).slice(1, -1)),
  ) as T
}

const callOf = ({ type, name, source }: Call, index: number): object => ({
  index,
  id: `call_${index}`,
  type,
  [type]: type === 'function' ? { name, arguments: source } : { name, input: source },
})

function messageOf({ calls, ...texts }: Said): object {
  return { role: 'assistant', content: null, ...texts, ...(calls ? { tool_calls: calls.map(callOf) } : {}) }
}

/** Deltas of every member: one after the other, or in turns where members and calls take them. */
function deltasOf({ calls = [], ...texts }: Said, size: () => number, inTurns: boolean): readonly object[] {
  const [reasoning = [], ...texted] = MEMBERS.map((name) => cut(texts[name] ?? '', size).map((piece): object => ({ [name]: piece })))
  const called = calls.map((call, index) => [
    { tool_calls: [callOf({ ...call, source: '' }, index)] },
    ...cut(call.source, size).map((piece) => ({
      tool_calls: [{ index, [call.type]: call.type === 'function' ? { arguments: piece } : { input: piece } }],
    })),
  ])
  if (!inTurns) return [...reasoning, ...texted.flat(), ...called.flat()]
  return [...reasoning, ...takeTurns([...texted, ...called], size)]
}

function takeTurns(lanes: readonly (readonly object[])[], size: () => number): readonly object[] {
  const left = lanes.map((lane) => [...lane])
  const out: object[] = []
  for (let open = left; open.length > 0; open = left.filter(({ length }) => length > 0)) {
    const next = open[size() % open.length]!.shift()
    if (next) out.push(next)
  }
  return out
}

function cut(text: string, size: () => number): readonly string[] {
  const pieces: string[] = []
  for (let at = 0; at < text.length;) {
    const next = size()
    pieces.push(text.slice(at, at + next))
    at += next
  }
  return pieces
}

/** The choices of a stream take turns. */
function streamOf(choices: readonly Said[], size: () => number, inTurns: boolean): readonly string[] {
  const all = choices.map((choice) => deltasOf(choice, size, inTurns))
  const longest = Math.max(...all.map(({ length }) => length))
  const head = { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm' }
  const chunk = (index: number, delta: object, finish: string | null = null): string =>
    `data: ${JSON.stringify({ ...head, choices: [{ index, delta, finish_reason: finish }] })}\n\n`
  const said = Array.from({ length: longest }, (_, i) =>
    all.map((deltas, index) => (deltas[i] ? chunk(index, deltas[i]) : '')).join(''),
  ).join('')
  const wire = `${said}${choices.map((_, index) => chunk(index, {}, 'stop')).join('')}data: [DONE]\n\n`
  return wire.match(new RegExp(`[^]{1,${size() * 40}}`, 'gu'))!
}

function unaryOf(choices: readonly Said[]): readonly string[] {
  const written = choices.map((choice, index) => ({ index, message: messageOf(choice), finish_reason: 'stop' }))
  return [JSON.stringify({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: written })]
}

/** By `<choice>/<member>` and `<choice>/tool<index>`, as `readAnswer` has them. */
function readWhole({ body }: Asked): { [place: string]: string } {
  const texts: { [place: string]: string } = {}
  for (const { index, message } of (JSON.parse(body) as { choices: Loose[] }).choices) {
    for (const name of MEMBERS) if (message[name]) texts[`${index}/${name}`] = message[name]
    for (const one of message.tool_calls ?? []) texts[`${index}/tool${one.index}`] = one.function?.arguments ?? one.custom.input
  }
  return texts
}

function readStreamed({ body }: Asked): { [place: string]: string } {
  const { texts } = readAnswer(body)
  return Object.fromEntries(Object.entries(texts).filter(([place, value]) => value !== '' && !place.endsWith('.name')))
}

describe('an answer, whole and streamed', function () {
  this.timeout(300_000)
  let house: House
  before(async () => {
    house = await openHouse(POLICY)
  })
  after(() => house.close())

  for (const json of [false, true]) {
    it(`reads the same${json ? ' where the client asked for JSON' : ''}`, () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(said, { minLength: 1, maxLength: 2 }),
          fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
          fc.boolean(),
          async (choices, sizes, inTurns) => {
            let turn = 0
            const size = (): number => sizes[turn++ % sizes.length]!
            const body = {
              messages: [{ role: 'user', content: PROMPT }],
              n: choices.length,
              ...(json ? { response_format: { type: 'json_object' } } : {}),
            }
            house.provide = (sent) => ({ pieces: unaryOf(filled(choices, sent)) })
            const whole = await house.ask(body)
            house.provide = (sent) => ({ pieces: streamOf(filled(choices, sent), size, inTurns) })
            const streamed = await house.ask({ ...body, stream: true })
            assert.deepEqual([whole.status, streamed.status], [200, 200], whole.body)
            assert.deepEqual(readStreamed(streamed), readWhole(whole))
            for (const { body: seen } of [whole, streamed]) assert.ok(!seen.includes(KEY))
          },
        ),
        { numRuns: RUNS, seed: 20_261_121 },
      ))
  }
})
