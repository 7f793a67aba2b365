// Streams that are legal, or that servers really send, and odd: the bytes of the upstream, and what a client must have read at the end.

export interface OddStream {
  readonly title: string
  readonly bytes: string
  readonly texts: { readonly [place: string]: string }
  readonly finish?: readonly string[]
  /** Number of chunks with usage that reach a client that asked for it. */
  readonly usage?: number
  /** A member that must reach the client, as JSON. */
  readonly holds?: string
}

type Delta = { readonly [name: string]: unknown }

const HEAD = '"id":"c1","object":"chat.completion.chunk","created":1,"model":"up"'
const event = (payload: string): string => `data: ${payload}\n\n`
const chunk = (choices: unknown, rest = ''): string => `{${HEAD},"choices":${JSON.stringify(choices)}${rest}}`
const delta = (fields: Delta, finish: string | null = null, index = 0): string => chunk([{ index, delta: fields, finish_reason: finish }])
const DONE = event('[DONE]')
const USAGE = '{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}'

const START = event(delta({ role: 'assistant', content: '' }))
const WORDS = ['Grüße ', 'an ', 'alle 😀 ', 'im ', 'Büro 東京.']
const TEXT = WORDS.join('')
const BODY = WORDS.map((content) => event(delta({ content }))).join('')
const STOP = event(delta({}, 'stop'))
const PLAIN = START + BODY + STOP + DONE

const odd = (title: string, bytes: string, more: Partial<OddStream> = {}): OddStream => ({
  title,
  bytes,
  texts: { '0/content': TEXT },
  finish: ['stop'],
  ...more,
})

export const ODD_STREAMS: readonly OddStream[] = [
  odd('nothing odd at all', PLAIN),
  odd('CRLF', PLAIN.replaceAll('\n', '\r\n')),
  odd('CR alone', PLAIN.replaceAll('\n', '\r')),
  odd('a byte order mark', `\uFEFF${PLAIN}`),
  odd('comments and empty frames', PLAIN.replaceAll('data: {', ': keep-alive\n\n\n\ndata:\n\n:\ndata: {')),
  odd('fields of every kind', PLAIN.replaceAll('data: {', 'event: message\nid: 7\nretry: 10\nx-odd: y\ndata: {')),
  odd('no space behind the colon', PLAIN.replaceAll('data: ', 'data:')),
  odd('data over several lines', PLAIN.replaceAll(',"choices"', ',\ndata: "choices"')),
  odd('no blank line at the end', PLAIN.slice(0, -2)),
  odd('null usage in every chunk', PLAIN.replaceAll('}]}\n', '}],"usage":null}\n')),
  odd('a usage-only chunk', START + BODY + STOP + event(chunk([], `,"usage":${USAGE}`)) + DONE, { usage: 1 }),
  odd(
    'usage in the last chunk',
    START + BODY + event(chunk([{ index: 0, delta: {}, finish_reason: 'stop' }], `,"usage":${USAGE}`)) + DONE,
    {
      usage: 1,
    },
  ),
  odd('usage in every chunk', PLAIN.replaceAll('}]}\n', `}],"usage":${USAGE}}\n`), { usage: WORDS.length + 2 }),
  odd('two finish reasons', START + BODY + STOP + STOP + DONE, { finish: ['stop', 'stop'] }),
  odd('a finish reason with the last text', START + BODY + event(delta({ content: ' Ende' }, 'length')) + DONE, {
    texts: { '0/content': `${TEXT} Ende` },
    finish: ['length'],
  }),
  odd('no finish reason', START + BODY + DONE, { finish: [] }),
  odd('no `[DONE]`, but finish reason and usage', START + BODY + STOP + event(chunk([], `,"usage":${USAGE}`)), { usage: 1 }),
  odd('text behind the finish reason', START + BODY + STOP + event(delta({ content: ' Nachtrag' })) + STOP + DONE, {
    texts: { '0/content': `${TEXT} Nachtrag` },
    finish: ['stop', 'stop'],
  }),
  odd(
    'unknown members everywhere',
    PLAIN.replaceAll('"index":0', '"index":0,"odd":{"a":[1,null,"b"]}').replaceAll('"created":1', '"created":1,"x_odd":{"y":true}'),
    {
      holds: '"x_odd":{"y":true}',
    },
  ),
  odd(
    'a chunk without choices, before and between',
    event(`{${HEAD},"choices":[],"prompt_filter_results":[{"prompt_index":0}]}`) + START + event(`{${HEAD}}`) + BODY + STOP + DONE,
    {
      holds: '"prompt_filter_results":[{"prompt_index":0}]',
    },
  ),
  odd(
    'null deltas, null members, empty deltas',
    START +
      event(chunk([{ index: 0, delta: null, finish_reason: null }])) +
      event(delta({})) +
      event(delta({ content: null, tool_calls: null, function_call: null, refusal: null })) +
      BODY +
      STOP +
      DONE,
  ),
  odd('a role in every chunk', PLAIN.replaceAll('"delta":{"content"', '"delta":{"role":"assistant","content"')),
  odd(
    'all in one frame of one chunk',
    event(chunk([{ index: 0, delta: { role: 'assistant', content: TEXT }, finish_reason: 'stop' }])) + DONE,
  ),
  odd(
    'log probabilities',
    START +
      event(chunk([{ index: 0, delta: { content: TEXT }, logprobs: { content: [{ token: 'x', logprob: -1 }] }, finish_reason: null }])) +
      STOP +
      DONE,
  ),
  odd(
    'an escaped text',
    START + event(delta({ content: '' }).replace('"content":""', '"content":"a\\u00e9\\ud83d\\ude00\\n\\"b\\""')) + STOP + DONE,
    { texts: { '0/content': 'aé😀\n"b"' } },
  ),
  odd(
    'two choices, interleaved, the second first',
    [
      delta({ content: 'zwei ' }, null, 1),
      delta({ content: 'eins ' }),
      delta({ content: 'mehr' }, null, 1),
      delta({ content: 'Wort' }),
      delta({}, 'length', 1),
      delta({}, 'stop'),
    ]
      .map(event)
      .join('') + DONE,
    {
      texts: { '0/content': 'eins Wort', '1/content': 'zwei mehr' },
    },
  ),
  odd(
    'both choices in one chunk',
    event(
      chunk([
        { index: 0, delta: { content: 'eins' }, finish_reason: null },
        { index: 1, delta: { content: 'zwei' }, finish_reason: 'stop' },
      ]),
    ) +
      STOP +
      DONE,
    {
      texts: { '0/content': 'eins', '1/content': 'zwei' },
    },
  ),
  odd(
    'reasoning in both spellings, refusal, text',
    [
      { reasoning_content: 'Ich ' },
      { reasoning_content: 'denke.' },
      { reasoning: 'Also ' },
      { reasoning: 'gut.' },
      { refusal: 'Nein' },
      { content: TEXT },
    ]
      .map((fields) => event(delta(fields)))
      .join('') +
      STOP +
      DONE,
    {
      texts: { '0/reasoning_content': 'Ich denke.', '0/reasoning': 'Also gut.', '0/refusal': 'Nein', '0/content': TEXT },
    },
  ),
  odd(
    'reasoning between two texts',
    [{ content: 'eins ' }, { reasoning_content: 'hm ' }, { content: 'zwei ' }, { reasoning_content: 'so' }, { content: 'drei' }]
      .map((fields) => event(delta(fields)))
      .join('') +
      STOP +
      DONE,
    {
      texts: { '0/content': 'eins zwei drei', '0/reasoning_content': 'hm so' },
    },
  ),
  odd(
    'details of reasoning, by index',
    [
      { reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'Ich ', format: 'x' }] },
      { reasoning_details: [{ type: 'reasoning.text', index: 0, text: 'denke' }] },
      { content: TEXT },
    ]
      .map((fields) => event(delta(fields)))
      .join('') +
      STOP +
      DONE,
    {
      texts: { '0/reasoning_details[0].text': 'Ich denke', '0/reasoning_details[0].format': 'x', '0/content': TEXT },
    },
  ),
  odd(
    'content in parts',
    [{ content: [{ type: 'text', text: 'Guten ' }] }, { content: [{ type: 'text', text: 'Tag' }] }]
      .map((fields) => event(delta(fields)))
      .join('') +
      STOP +
      DONE,
    {
      texts: { '0/content[0].text': 'Guten Tag' },
    },
  ),
  odd(
    'the transcript of an audio answer',
    [{ audio: { id: 'a1', transcript: 'Guten ' } }, { audio: { data: 'AAAA' } }, { audio: { transcript: 'Tag' } }]
      .map((fields) => event(delta(fields)))
      .join('') +
      STOP +
      DONE,
    {
      texts: { '0/audio.transcript': 'Guten Tag', '0/audio.data': 'AAAA' },
    },
  ),
  odd(
    'two tool calls and the older function call',
    [
      { tool_calls: [{ index: 0, id: 'call_a', type: 'function', function: { name: 'suche', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{"ort":' } }] },
      {
        tool_calls: [
          { index: 0, function: { arguments: '"Köln"}' } },
          { index: 1, id: 'call_b', type: 'function', function: { name: 'rufe', arguments: '{}' } },
        ],
      },
      { function_call: { name: 'alt', arguments: '{"x":' } },
      { function_call: { arguments: '1}' } },
    ]
      .map((fields) => event(delta(fields)))
      .join('') +
      event(delta({}, 'tool_calls')) +
      DONE,
    {
      texts: { '0/tool0': '{"ort":"Köln"}', '0/tool0.name': 'suche', '0/tool1': '{}', '0/tool1.name': 'rufe', '0/function': '{"x":1}' },
      finish: ['tool_calls'],
    },
  ),
  odd(
    'the older completions, with the text in the choice',
    ['Guten ', 'Tag'].map((text) => event(chunk([{ index: 0, text, logprobs: null, finish_reason: null }]))).join('') +
      event(chunk([{ index: 0, text: '', logprobs: null, finish_reason: 'stop' }])) +
      DONE,
    {
      texts: { '0/text': 'Guten Tag' },
    },
  ),
]

/** The bytes in pieces of `size`; whatever they cut through: lines, characters, `\r\n`. */
export function piecesOf(bytes: string, size: number): readonly Buffer[] {
  const all = Buffer.from(bytes)
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size))
}
