// What leaves for a provider: always the body with its changes, and the client's own bytes wherever nothing changed.
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { openaiChat } from '../../../core/wire/openai-chat/index.ts'
import { parsed, request, RUNS, SEED } from './helpers.ts'
import type { Json } from '../../../core/model/value.ts'
import type { TextEdit } from '../../../core/model/content.ts'

type Members = { readonly [name: string]: Json }

function rendered(body: string, set: Members, options: { params?: Members; edits?: readonly TextEdit[] } = {}): Buffer {
  return openaiChat.render({ inbound: parsed(body), edits: options.edits ?? [], params: options.params ?? {}, headers: {} }).bytes(set)
}

/** As an object without a prototype, so that a member `__proto__` is one like any other. */
function expected(body: string, set: Members): unknown {
  const entries = new Map(Object.entries(JSON.parse(body) as Members))
  for (const [name, value] of Object.entries(set)) {
    if (value === null) entries.delete(name)
    else entries.set(name, value)
  }
  // JSON has no minus zero.
  return JSON.parse(JSON.stringify(Object.fromEntries(entries)))
}

const HEAD = '"messages":[{"role":"user","content":"x"}]'

describe('wire: render', () => {
  it("gives back the client's own bytes where nothing changes", () => {
    const inbound = parsed(` {"model": "m",\n${HEAD} }\n`)
    const out = openaiChat.render({ inbound, edits: [], params: {}, headers: {} })
    assert.equal(out.bytes({}), inbound.raw)
    assert.equal(out.bytes({ model: 'm' }), inbound.raw)
    assert.equal(out.body(), inbound.body)
  })

  const cases: readonly (readonly [string, string, Members, string])[] = [
    ['replaces a value in place', `{ "model" : "m" , ${HEAD} }`, { model: 'other' }, `{ "model" : "other" , ${HEAD} }`],
    [
      'adds behind the last member',
      `{"model":"m",${HEAD} \n}`,
      { stream_options: { include_usage: true } },
      `{"model":"m",${HEAD},"stream_options":{"include_usage":true} \n}`,
    ],
    ['removes in the middle', `{"model":"m", "n":1, ${HEAD}}`, { n: null }, `{"model":"m", ${HEAD}}`],
    ['removes at the end', `{"model":"m",${HEAD}, "n":1, "seed":2 }`, { n: null, seed: null }, `{"model":"m",${HEAD} }`],
    [
      'removes, replaces and adds at once',
      `{"n":1,"model":"m",${HEAD},"seed":2}`,
      { n: null, seed: null, model: 'o', user: 'é' },
      `{"model":"o",${HEAD},"user":"é"}`,
    ],
    [
      'finds members whose names are escaped or beyond ASCII',
      `{"\\u006dodel":"m",${HEAD},"é":1}`,
      { model: 'o', é: 2 },
      `{"\\u006dodel":"o",${HEAD},"é":2}`,
    ],
  ]
  for (const [what, body, set, out] of cases) it(what, () => assert.equal(rendered(body, set).toString(), out))

  it('keeps bytes that JSON.parse would lose', () => {
    const body = `{"model":"m",${HEAD},"seed":12345678901234567890,"top_p":1.0,"user":"\\u00e9"}`
    assert.equal(rendered(body, { model: 'o' }).toString(), body.replace('"m"', '"o"'))
  })

  it('writes a body anew where a member stands twice, so that the provider reads what the guards read', () => {
    const out = rendered('{"model":"m","messages":[{"role":"user","content":"secret","content":"x"}]}', { model: 'o' }).toString()
    assert.equal(out, `{"model":"o",${HEAD}}`)
  })

  it('applies edits and leaves the parsed body alone', () => {
    const inbound = parsed(
      request({
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              { type: 'text', text: 'b' },
            ],
          },
        ],
        n: 1,
      }),
    )
    const edits = inbound.parts.map(({ path, text }) => ({ path, text: `[${text}]` }))
    const before = JSON.stringify(inbound.body)
    const out = openaiChat.render({ inbound, edits, params: { max_tokens: 5, n: null }, headers: {} })
    assert.deepEqual(JSON.parse(out.bytes({ model: 'o' }).toString()), {
      model: 'o',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: '[a]' },
            { type: 'text', text: '[b]' },
          ],
        },
      ],
      max_tokens: 5,
    })
    assert.equal(JSON.stringify(inbound.body), before)
  })

  it('an edit below `__proto__` changes data and no prototype', () => {
    const inbound = parsed('{"model":"m","messages":[{"role":"user","content":"x"}],"__proto__":"text"}')
    const out = openaiChat.render({ inbound, edits: [{ path: ['__proto__'], text: 'changed' }], params: {}, headers: {} }).bytes({})
    assert.match(out.toString(), /"__proto__":"changed"/)
  })

  it('always means the body with its members set, whatever JSON a client writes', () => {
    const value = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>
    const extra = fc.dictionary(
      fc.oneof(
        fc.constantFrom('zeta', 'é', '__proto__', 'a"b', 'constructor', ''),
        fc.string({ maxLength: 4 }).map((name) => `x${name}`),
      ),
      value,
      { maxKeys: 4 },
    )
    const set = fc.dictionary(fc.constantFrom('zeta', 'é', 'model', 'added', 'a"b'), value, { maxKeys: 4 })
    const space = fc.constantFrom(undefined, 1, '\t')
    fc.assert(
      fc.property(extra, set, space, (members, changes, indent) => {
        const body = JSON.stringify({ ...members, model: 'm', messages: [{ role: 'user', content: 'x' }] }, null, indent)
        const out = rendered(body, changes)
        assert.deepEqual(JSON.parse(out.toString()), expected(body, changes))
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })
})
