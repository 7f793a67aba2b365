// A request body is understood whole, or refused with the parameter at fault.
import assert from 'node:assert/strict'
import { parsed, refused, request, textsAt, type Loose } from './helpers.ts'

const param = (body: unknown): string | null => refused(body).param

describe('wire: parse', () => {
  describe('refuses bad input with a message that helps', () => {
    it('invalid UTF-8', () => {
      const raw = Buffer.from(JSON.stringify(request()))
      raw[raw.indexOf('Hello')] = 0xff
      assert.match(refused(raw).message, /UTF-8/)
    })

    it('malformed JSON, with the position and without the text around it', () => {
      const error = refused('{"model":"m","messages":[{"role":"user","content":"my secret is x" oops}]}')
      assert.match(error.message, /at position \d+/)
      assert.doesNotMatch(error.message, /secret|oops/)
      assert.match(refused('{"model":"m"').message, /not valid JSON/)
      assert.match(refused('').message, /not valid JSON/)
    })

    for (const text of ['[]', '"text"', '7', 'null', 'true'])
      it(`a body that is ${text}`, () => assert.match(refused(text).message, /must be a JSON object/))

    it('deep nesting, before anything recurses', () => {
      const depth = 2_000_000
      assert.match(refused(`{"model":"m","messages":${'['.repeat(depth)}${']'.repeat(depth)}}`).message, /nests deeper than 64/)
      assert.match(refused(`{"a":`.repeat(100_000)).message, /nests deeper than 64/)
      assert.match(refused(`${'['.repeat(65)}${']'.repeat(65)}`).message, /nests deeper/)
    })

    const wrong: readonly (readonly [string, object, string])[] = [
      ['a missing model', { model: undefined }, 'model'],
      ['an empty model', { model: '' }, 'model'],
      ['a model that is a number', { model: 4 }, 'model'],
      ['missing messages', { messages: undefined }, 'messages'],
      ['empty messages', { messages: [] }, 'messages'],
      ['messages that are an object', { messages: {} }, 'messages'],
      ['a message that is a string', { messages: ['hi'] }, 'messages[0]'],
      ['a message without a role', { messages: [{ content: 'x' }] }, 'messages[0].role'],
      ['a message without content', { messages: [{ role: 'user' }] }, 'messages[0].content'],
      [
        'content that is a number',
        {
          messages: [
            { role: 'user', content: 'a' },
            { role: 'user', content: 'b' },
            { role: 'user', content: 7 },
          ],
        },
        'messages[2].content',
      ],
      ['a content part without a type', { messages: [{ role: 'user', content: [{ text: 'x' }] }] }, 'messages[0].content[0].type'],
      ['a text part without text', { messages: [{ role: 'user', content: [{ type: 'text' }] }] }, 'messages[0].content[0].text'],
      [
        'an image without a URL',
        { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: {} }] }] },
        'messages[0].content[0].image_url.url',
      ],
      ['tool calls that are no array', { messages: [{ role: 'assistant', tool_calls: {} }] }, 'messages[0].tool_calls'],
      [
        'arguments that are an object',
        { messages: [{ role: 'assistant', tool_calls: [{ id: 'call_1', function: { name: 'f', arguments: {} } }] }] },
        'messages[0].tool_calls[0].function.arguments',
      ],
      ['stream as a string', { stream: 'yes' }, 'stream'],
      ['stream_options as an array', { stream_options: [] }, 'stream_options'],
      ['include_usage as a number', { stream_options: { include_usage: 1 } }, 'include_usage'],
      ['n of zero', { n: 0 }, 'n'],
      ['n with a fraction', { n: 1.5 }, 'n'],
      ['a huge n', { n: 1e9 }, 'n'],
      ['negative max_tokens', { max_tokens: -1 }, 'max_tokens'],
      ['a temperature in words', { temperature: 'hot' }, 'temperature'],
      ['tools as an object', { tools: {} }, 'tools'],
      ['a tool without a function', { tools: [{ type: 'function' }] }, 'tools[0].function'],
      ['a tool without a name', { tools: [{ type: 'function', function: {} }] }, 'tools[0].function.name'],
      ['words in logit_bias', { logit_bias: { 'my name': 1 } }, 'logit_bias'],
    ]
    for (const [what, members, at] of wrong) it(`${what}: ${at}`, () => assert.equal(param(request(members)), at))

    it('a number beyond all numbers', () =>
      assert.equal(param('{"model":"m","messages":[{"role":"user","content":"x"}],"temperature":1e999}'), 'temperature'))
  })

  it('takes `__proto__` and `constructor` as plain data', () => {
    const inbound = parsed(
      '{"model":"m","__proto__":{"stream":true,"n":5},"constructor":{"prototype":{"x":"y"}},"messages":[{"role":"user","content":"x","__proto__":{"content":"hidden words"}}]}',
    )
    assert.equal(inbound.stream, false)
    assert.equal(inbound.choices, 1)
    assert.equal(({} as { x?: string }).x, undefined)
    assert.ok(inbound.parts.some(({ text }) => text.includes('hidden words')))
  })

  it('takes lone surrogates and a role named like a method', () => {
    const inbound = parsed('{"model":"m","messages":[{"role":"toString","content":"\\ud800"}]}')
    assert.deepEqual(textsAt(inbound, 'prompt.user'), ['\ud800'])
  })

  it('lets unknown members pass and shows their texts to the guards', () => {
    const inbound = parsed(
      request({ new_thing: 'write to jo@example.com', deep: { list: [{ note: 'call me', number: 4111111111111111 }] } }),
    )
    assert.ok(inbound.faithful)
    const seen = inbound.parts.find(({ text }) => text === 'write to jo@example.com')
    assert.deepEqual(seen && [seen.location, seen.rewritable, seen.path], ['prompt.definitions', true, ['new_thing']])
    const deep = inbound.parts.find(({ text }) => text.includes('call me'))
    assert.equal(deep?.rewritable, false)
    assert.match(deep!.text, /4111111111111111/)
  })

  it('finds the texts of every role, part and tool', () => {
    const inbound = parsed(
      request({
        messages: [
          { role: 'system', content: 'rules' },
          { role: 'developer', content: [{ type: 'text', text: 'more rules' }] },
          {
            role: 'user',
            name: 'jo',
            content: [
              { type: 'text', text: 'one' },
              { type: 'text', text: 'two' },
            ],
          },
          {
            role: 'assistant',
            content: null,
            reasoning_content: 'hm',
            tool_calls: [{ id: 'call_abc', type: 'function', function: { name: 'find', arguments: '{"q":"x"}' } }],
          },
          { role: 'tool', tool_call_id: 'call_abc', content: 'result' },
          { role: 'function', name: 'old', content: 'old result' },
          { role: 'assistant', content: 'said', refusal: 'no' },
        ],
        tools: [
          {
            type: 'function',
            function: { name: 'find', description: 'finds', parameters: { properties: { q: { description: 'what' } } } },
          },
        ],
        stop: ['END'],
        user: 'user-7',
        metadata: { team: 'red' },
        prediction: { type: 'content', content: 'foreseen' },
        response_format: { type: 'json_schema', json_schema: { name: 's', schema: { title: 'Shape' } } },
      }),
    )
    assert.deepEqual(textsAt(inbound, 'prompt.system'), ['rules', 'more rules'])
    assert.deepEqual(textsAt(inbound, 'prompt.user'), ['jo', 'one', 'two'])
    assert.deepEqual(textsAt(inbound, 'prompt.reasoning'), ['hm'])
    assert.deepEqual(textsAt(inbound, 'prompt.tool'), ['result', 'old', 'old result'])
    assert.deepEqual(textsAt(inbound, 'prompt.assistant'), ['said', 'no', 'foreseen'])
    const call = inbound.parts.find(({ location }) => location === 'prompt.arguments')
    assert.deepEqual(call, {
      location: 'prompt.arguments',
      text: '{"q":"x"}',
      path: ['messages', 3, 'tool_calls', 0, 'function', 'arguments'],
      rewritable: true,
      encoding: 'json',
    })
    const definitions = textsAt(inbound, 'prompt.definitions').join('\n')
    for (const word of ['find', 'finds', 'what', 'END', 'user-7', 'red', 'team', 'Shape']) assert.match(definitions, new RegExp(word))
    assert.deepEqual(inbound.tools, [{ name: 'find', source: 'client' }])
    for (const part of inbound.parts)
      if (part.rewritable)
        assert.equal(
          part.path.reduce<Loose>((at, step) => at[step], inbound.body),
          part.text,
        )
  })

  it('leaves no string of a body out of sight', () => {
    const body = request({
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 's1', cache: 's2' },
            { type: 'new_kind', x: ['s3'] },
            { type: 'file', file: { filename: 's4', file_id: 's5' } },
          ],
          name: 's6',
          extra: { k: 's7' },
        },
        {
          role: 'assistant',
          tool_calls: [{ id: 's8 free text', type: 's9', function: { name: 's10', arguments: 's11', x: 's12' } }],
          function_call: { name: 's13', arguments: 's14' },
        },
      ],
      tools: [
        { type: 'function', function: { name: 's15', description: 's16', parameters: { s17: ['s18'] } }, extra: 's19' },
        { type: 's20', s21: 's22' },
      ],
      functions: [{ name: 's23', s24: 's25' }],
      tool_choice: { function: { name: 's26' } },
      Messages: [{ role: 'user', content: 's27' }],
      stream_options: { s28: 's29' },
      s30: null,
    })
    const seen = parsed(body)
      .parts.map(({ text }) => text)
      .join('\n')
    for (const name of ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9', ...Array.from({ length: 20 }, (_, i) => `s${i + 10}`)]) {
      assert.match(seen, new RegExp(`(^|\\W)${name}(\\W|$)`, 'm'), `${name} is not seen`)
    }
  })

  it('names references, unscanned content and tools that the provider runs', () => {
    const image = (url: string): object => ({ type: 'image_url', image_url: { url } })
    const inbound = parsed(
      request({
        messages: [
          {
            role: 'user',
            content: [
              image('https://example.com/a.png'),
              image('data:image/png;base64,AAAA'),
              { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
              { type: 'file', file: { file_id: 'file-1' } },
              { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } },
            ],
          },
        ],
        tools: [{ type: 'web_search' }],
        web_search_options: {},
        previous_response_id: 'resp_1',
      }),
    )
    assert.deepEqual(inbound.references, ['image_url', 'file_id', 'previous_response_id'])
    assert.deepEqual(inbound.unscanned, ['image', 'input_audio', 'file'])
    assert.deepEqual(inbound.serverTools, ['web_search', 'web_search_options'])
    assert.deepEqual(inbound.tools, [{ name: 'web_search', source: 'provider' }])
    assert.deepEqual(
      textsAt(parsed(request({ messages: [{ role: 'user', content: [image('data:text/plain,secret')] }] })), 'prompt.user'),
      ['data:text/plain,secret'],
    )
  })

  it('names no more than a few kinds, however many a client invents', () => {
    const content = Array.from({ length: 50_000 }, (_, i) => ({ type: `kind${i}` }))
    const { unscanned } = parsed(request({ messages: [{ role: 'user', content }] }))
    assert.equal(unscanned.length, 33)
    assert.equal(unscanned.at(-1), 'other')
  })

  it('reads what judges a request', () => {
    const inbound = parsed(
      request({ stream: true, stream_options: { include_usage: true }, n: 3, max_tokens: 10, max_completion_tokens: 20, temperature: 0.5 }),
    )
    assert.deepEqual(
      [inbound.stream, inbound.wantsUsage, inbound.choices, inbound.maxTokens, inbound.temperature],
      [true, true, 3, 20, 0.5],
    )
    const plain = parsed(request({ stream: null, n: null, max_tokens: null, stop: null, tools: null, stream_options: null }))
    assert.deepEqual([plain.stream, plain.wantsUsage, plain.choices, plain.maxTokens, plain.temperature], [false, false, 1, null, null])
  })

  describe('calls bytes faithful only where two parsers must agree', () => {
    const messages = '"messages":[{"role":"user","content":"x"}]'
    const cases: readonly (readonly [string, string, boolean])[] = [
      ['a plain body', `{"model":"m",${messages}}`, true],
      ['colons and quotes inside strings', `{"model":"m",${messages},"a":"\\":\\\\\\":{","b":{"\\"c\\":":":"}}`, true],
      ['white space everywhere', ` {\n"model" : "m" ,\t${messages} } `, true],
      ['a name twice at the top', `{"model":"m",${messages},"model":"m"}`, false],
      ['a name twice in a message', '{"model":"m","messages":[{"role":"user","content":"secret","content":"x"}]}', false],
      ['a name twice, once written with escapes', `{"model":"m",${messages},"\\u006dodel":"m"}`, false],
      ['`__proto__` twice', `{"model":"m",${messages},"__proto__":1,"__proto__":2}`, false],
    ]
    for (const [what, body, expected] of cases) it(what, () => assert.equal(parsed(body).faithful, expected))
  })
})
