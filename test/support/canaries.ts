// Places of a chat completion where a text can stand, in requests and in answers, each with the location in which policies must see it.
// A canary is put into every one of them. A new kind of content belongs here first.

/** A whole body with the canary in one place. */
export type Plant = (canary: string) => { readonly [member: string]: unknown }

export interface Place {
  readonly title: string
  /** Where policies see it; `unscanned`, `reference` and `server_tool` are facts about what cannot be seen. */
  readonly seen: string
  readonly plant: Plant
}

type Message = { readonly [member: string]: unknown }

const HELLO = { role: 'user', content: 'hello' }
const place = (title: string, seen: string, plant: Plant): Place => ({ title, seen, plant })
const message = (title: string, seen: string, plant: (canary: string) => Message): Place =>
  place(title, seen, (canary) => ({ messages: [HELLO, plant(canary), HELLO] }))
const part = (title: string, seen: string, plant: (canary: string) => Message): Place =>
  message(title, seen, (canary) => ({ role: 'user', content: [{ type: 'text', text: 'see' }, plant(canary)] }))
const call = (title: string, seen: string, plant: (canary: string) => Message): Place =>
  message(title, seen, (canary) => ({
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call_1', type: 'function', ...plant(canary) }],
  }))
const definition = (title: string, plant: (canary: string) => Message): Place =>
  place(title, 'prompt.definitions', (canary) => ({
    messages: [HELLO],
    tools: [{ type: 'function', function: { name: 'f', ...plant(canary) } }],
  }))
const member = (title: string, plant: Plant, seen = 'prompt.definitions'): Place =>
  place(title, seen, (canary) => ({ messages: [HELLO], ...plant(canary) }))

const DATA_URL = 'data:image/png;base64,AAAA'

export const REQUEST_PLACES: readonly Place[] = [
  message('what a user says', 'prompt.user', (content) => ({ role: 'user', content })),
  place('the first of many messages', 'prompt.user', (content) => ({
    messages: [{ role: 'user', content }, ...Array<object>(30).fill(HELLO)],
  })),
  message('the system prompt', 'prompt.system', (content) => ({ role: 'system', content })),
  message('the developer prompt', 'prompt.system', (content) => ({ role: 'developer', content: [{ type: 'text', text: content }] })),
  message('an earlier answer', 'prompt.assistant', (content) => ({ role: 'assistant', content })),
  message('an earlier refusal', 'prompt.assistant', (refusal) => ({ role: 'assistant', content: null, refusal })),
  message('an earlier refusal as a part', 'prompt.assistant', (refusal) => ({
    role: 'assistant',
    content: [{ type: 'refusal', refusal }],
  })),
  message('the result of a tool', 'prompt.tool', (content) => ({ role: 'tool', tool_call_id: 'call_1', content })),
  message('the result of a tool in parts', 'prompt.tool', (text) => ({
    role: 'tool',
    tool_call_id: 'call_1',
    content: [{ type: 'text', text }],
  })),
  message('the result of an older function', 'prompt.tool', (content) => ({ role: 'function', name: 'f', content })),
  message('a role that nobody knows', 'prompt.user', (content) => ({ role: 'narrator', content })),
  message('the role itself', 'prompt.definitions', (role) => ({ role, content: 'x' })),
  message('the name of who speaks', 'prompt.user', (name) => ({ role: 'user', content: 'x', name })),
  message('a member of a message that nobody knows', 'prompt.user', (odd) => ({ role: 'user', content: 'x', odd })),
  message('the name of such a member', 'prompt.definitions', (name) => ({ role: 'user', content: 'x', [name]: true })),
  message('earlier reasoning', 'prompt.reasoning', (text) => ({ role: 'assistant', content: 'x', reasoning_content: text })),
  message('earlier reasoning in detail', 'prompt.reasoning', (text) => ({
    role: 'assistant',
    content: 'x',
    reasoning_details: [{ type: 'reasoning.text', text }],
  })),
  message('earlier thinking blocks', 'prompt.reasoning', (thinking) => ({
    role: 'assistant',
    content: 'x',
    thinking_blocks: [{ thinking }],
  })),
  message('the id of a tool call that was answered', 'prompt.definitions', (id) => ({ role: 'tool', tool_call_id: id, content: 'x' })),
  message('the transcript of an earlier audio answer', 'prompt.assistant', (transcript) => ({
    role: 'assistant',
    content: 'x',
    audio: { transcript },
  })),
  part('a text part', 'prompt.user', (text) => ({ type: 'text', text })),
  part('a member of a part that nobody knows', 'prompt.user', (odd) => ({ type: 'text', text: 'x', odd })),
  part('a part that nobody knows', 'prompt.user', (odd) => ({ type: 'odd', odd: { deep: [odd] } })),
  part('the name of a file', 'prompt.user', (filename) => ({
    type: 'file',
    file: { filename, file_data: 'data:application/pdf;base64,AAAA' },
  })),
  part('the detail of an image', 'prompt.user', (detail) => ({ type: 'image_url', image_url: { url: DATA_URL, detail } })),
  part('the format of an audio', 'prompt.definitions', (format) => ({ type: 'input_audio', input_audio: { data: 'AAAA', format } })),
  part('an image', 'unscanned', () => ({ type: 'image_url', image_url: { url: DATA_URL } })),
  part('an audio', 'unscanned', () => ({ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } })),
  part('a file', 'unscanned', () => ({ type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } })),
  part('a kind that nobody knows', 'unscanned', () => ({ type: 'hologram', hologram: 'AAAA' })),
  part('an image elsewhere', 'reference', () => ({ type: 'image_url', image_url: { url: 'https://example.com/a.png' } })),
  message('an earlier audio answer', 'reference', () => ({ role: 'assistant', audio: { id: 'audio_1' } })),
  part('a file elsewhere', 'reference', () => ({ type: 'file', file: { file_id: 'file-1' } })),
  call('arguments of a call', 'prompt.arguments', (text) => ({ function: { name: 'f', arguments: JSON.stringify({ text }) } })),
  call('arguments that are no JSON', 'prompt.arguments', (text) => ({ function: { name: 'f', arguments: `{${text}` } })),
  call('the input of a custom tool', 'prompt.arguments', (input) => ({ type: 'custom', custom: { name: 'f', input } })),
  call('the name of a called tool', 'prompt.definitions', (name) => ({ function: { name, arguments: '{}' } })),
  call('the id of a call', 'prompt.definitions', (id) => ({ id, function: { name: 'f', arguments: '{}' } })),
  call('the type of a call', 'prompt.definitions', (type) => ({ type, function: { name: 'f', arguments: '{}' } })),
  call('a member of a call that nobody knows', 'prompt.arguments', (odd) => ({ function: { name: 'f', arguments: '{}' }, odd })),
  message('arguments of the older function call', 'prompt.arguments', (text) => ({
    role: 'assistant',
    function_call: { name: 'f', arguments: text },
  })),
  definition('the name of a tool', (name) => ({ name })),
  definition('the description of a tool', (description) => ({ description })),
  definition('a description in the schema of a tool', (description) => ({
    parameters: { type: 'object', properties: { q: { description } } },
  })),
  definition('the name of a parameter', (name) => ({ parameters: { type: 'object', properties: { [name]: {} } } })),
  definition('a value of a schema', (value) => ({ parameters: { enum: ['a', value] } })),
  definition('a member of a tool that nobody knows', (odd) => ({ odd })),
  member('a second definition beside the one in use', (description) => ({
    tools: [{ type: 'function', function: { name: 'f' }, custom: { description } }],
  })),
  member('the grammar of a custom tool', (text) => ({
    tools: [{ type: 'custom', custom: { name: 'f', format: { grammar: { definition: text } } } }],
  })),
  member('an older function', (description) => ({ functions: [{ name: 'f', description }] })),
  member('the choice of a tool', (name) => ({ tool_choice: { type: 'function', function: { name } } })),
  member('the choice of an older function', (name) => ({ function_call: { name } })),
  member('a schema for the answer', (description) => ({
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: { description } } },
  })),
  member('the name of a schema', (name) => ({ response_format: { type: 'json_schema', json_schema: { name, schema: {} } } })),
  member('a prediction', (content) => ({ prediction: { type: 'content', content } }), 'prompt.assistant'),
  member('a prediction in parts', (text) => ({ prediction: { type: 'content', content: [{ type: 'text', text }] } }), 'prompt.assistant'),
  member('the user', (user) => ({ user })),
  member('the safety identifier', (id) => ({ safety_identifier: id })),
  member('the key of the prompt cache', (key) => ({ prompt_cache_key: key })),
  member('a value of the metadata', (value) => ({ metadata: { team: value } })),
  member('a name in the metadata', (name) => ({ metadata: { [name]: 'x' } })),
  member('a stop word', (stop) => ({ stop })),
  member('one of several stop words', (stop) => ({ stop: ['a', stop] })),
  member('the voice of an audio answer', (voice) => ({ audio: { voice, format: 'wav' } })),
  member('the modalities', (modality) => ({ modalities: ['text', modality] })),
  member('the effort', (effort) => ({ reasoning_effort: effort })),
  member('settings of reasoning', (effort) => ({ reasoning: { effort } })),
  member('the verbosity', (verbosity) => ({ verbosity })),
  member('the service tier', (tier) => ({ service_tier: tier })),
  member('options of the stream', (text) => ({ stream_options: { include_obfuscation: text } })),
  member('an option of the stream that nobody knows', (odd) => ({ stream_options: { odd } })),
  member('a member that nobody knows', (odd) => ({ odd })),
  member('the name of such a member', (name) => ({ [name]: 1 })),
  member('something deep in such a member', (odd) => ({ odd: { a: [{ b: odd }] } })),
  member('a tool that the provider runs', (text) => ({ tools: [{ type: 'web_search', filters: { domain: text } }] }), 'server_tool'),
  member('options of a search', (city) => ({ web_search_options: { user_location: { city } } }), 'server_tool'),
  member('an answer that the provider holds', () => ({ previous_response_id: 'resp_1' }), 'reference'),
  member('a stored prompt', (id) => ({ prompt: { id } }), 'reference'),
]

/** Figures travel as well; the canary is a number here. */
export const NUMBER_PLACES: readonly Place[] = [
  member('the seed', (figures) => ({ seed: Number(figures) })),
  member('a weight of a token', (figures) => ({ logit_bias: { 7: Number(figures) } })),
  member('a number in a member that nobody knows', (figures) => ({ odd: { a: Number(figures) } })),
]

/** The choice of an answer with the canary in one place, as a whole and as deltas whose texts are cut in two. */
export interface AnswerPlace {
  readonly title: string
  readonly seen: string
  /** Members of the message. */
  readonly message: (canary: string) => Message
  /** The same as deltas. */
  readonly deltas: (canary: string) => readonly Message[]
}

const halves = (canary: string): readonly string[] => [canary.slice(0, 7), canary.slice(7), ' ']
const streamed = (title: string, seen: string, say: (text: string) => Message, message = say): AnswerPlace => ({
  title,
  seen,
  message,
  deltas: (canary) => halves(canary).map(say),
})
const whole = (title: string, seen: string, say: (text: string) => Message): AnswerPlace => ({
  title,
  seen,
  message: say,
  deltas: (canary) => [say(canary)],
})

const calls = (one: Message): Message => ({ tool_calls: [{ index: 0, ...one }] })
const TYPED = { id: 'call_1', type: 'function' }

export const ANSWER_PLACES: readonly AnswerPlace[] = [
  streamed('text', 'completion.text', (content) => ({ content })),
  streamed('a refusal', 'completion.text', (refusal) => ({ refusal })),
  streamed('text in parts', 'completion.text', (text) => ({ content: [{ type: 'text', text }] })),
  streamed('a transcript', 'completion.text', (transcript) => ({ audio: { id: 'a', transcript } })),
  streamed('a member that nobody knows', 'completion.text', (odd) => ({ odd })),
  whole('something deep in such a member', 'completion.text', (odd) => ({ odd: { a: [{ b: odd }] } })),
  whole('the title of a citation', 'completion.text', (title) => ({ annotations: [{ type: 'url_citation', url_citation: { title } }] })),
  streamed('reasoning', 'completion.reasoning', (text) => ({ reasoning_content: text })),
  streamed('reasoning in the other spelling', 'completion.reasoning', (text) => ({ reasoning: text })),
  streamed('reasoning in detail', 'completion.reasoning', (text) => ({ reasoning_details: [{ type: 'reasoning.text', index: 0, text }] })),
  streamed('thinking blocks', 'completion.reasoning', (thinking) => ({ thinking_blocks: [{ type: 'thinking', index: 0, thinking }] })),
  streamed(
    'arguments of a call',
    'completion.arguments',
    (source) => calls({ function: { arguments: source } }),
    (source) => calls({ ...TYPED, function: { name: 'f', arguments: source } }),
  ),
  streamed(
    'the input of a custom tool',
    'completion.arguments',
    (input) => calls({ custom: { input } }),
    (input) => calls({ id: 'c', type: 'custom', custom: { name: 'f', input } }),
  ),
  streamed('arguments of the older function call', 'completion.arguments', (source) => ({ function_call: { arguments: source } })),
  whole('the name of a called tool', 'completion.arguments', (name) => calls({ ...TYPED, function: { name, arguments: '{}' } })),
  whole('a member of a call that nobody knows', 'completion.arguments', (odd) =>
    calls({ ...TYPED, function: { name: 'f', arguments: '{}' }, odd }),
  ),
]
