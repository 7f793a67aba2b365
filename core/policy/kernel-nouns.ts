// The nouns that the kernel itself brings: the feature, the request, the answer, and time. All others come from plugins.
import type { Attribute, AttributeType, ExchangeView, PluginVocabulary } from '../plugin/contract.ts'
import type { Value } from '../model/value.ts'
import { clockIn } from './local-time.ts'

const TEXT: AttributeType = { kind: 'text' }
const NUMBER: AttributeType = { kind: 'number' }
const BOOL: AttributeType = { kind: 'bool' }
const TEXTS: AttributeType = { kind: 'list', of: TEXT }
const TOOLS: AttributeType = { kind: 'list', of: { kind: 'record', fields: { name: TEXT, source: TEXT, writes: BOOL } } }

type Shape = Pick<Attribute, 'type' | 'doc'> & {
  readonly optional?: boolean
  readonly example?: Value
  readonly source?: 'proved' | 'claimed'
}

function requestNoun(name: string, shape: Shape, resolve: (view: ExchangeView) => Value): Attribute {
  return { name, optional: false, source: 'claimed', lifetime: 'exchange', cost: 'free', phase: 'request', ...shape, resolve }
}

const FEATURE_NOUNS: readonly Attribute[] = [
  requestNoun(
    'feature.name',
    { type: TEXT, optional: true, doc: 'The feature that applies to the request.' },
    (view) => view.feature?.name ?? null,
  ),
  requestNoun(
    'feature.pii',
    {
      type: { kind: 'enum', values: ['scrub', 'warn', 'allow'] },
      example: 'scrub',
      doc: 'How personal data is treated; `scrub` without a feature.',
    },
    (view) => view.feature?.pii ?? 'scrub',
  ),
  requestNoun(
    'feature.models',
    { type: TEXTS, optional: true, doc: 'Models the feature may use; absent: all.' },
    (view) => view.feature?.models ?? null,
  ),
  requestNoun(
    'feature.max_output',
    { type: NUMBER, optional: true, doc: 'Output bound of the feature in tokens.' },
    (view) => view.feature?.maxOutput ?? null,
  ),
  requestNoun(
    'feature.allow',
    { type: TEXTS, example: [], doc: 'What the feature allows unscanned: `references`, `server_tools`.' },
    (view) => view.feature?.allow ?? [],
  ),
]

const REQUEST_NOUNS: readonly Attribute[] = [
  requestNoun(
    'request.model',
    { type: TEXT, example: 'auto', doc: 'The model as the client sent it; may be `auto`.' },
    (view) => view.request.model,
  ),
  requestNoun('request.dialect', { type: TEXT, example: 'openai-chat', doc: 'Wire format of the client.' }, (view) => view.request.dialect),
  requestNoun(
    'request.endpoint',
    { type: TEXT, example: 'chat.completions', doc: 'The governed endpoint.' },
    (view) => view.request.endpoint,
  ),
  requestNoun('request.stream', { type: BOOL, example: false, doc: 'The client asked for a stream.' }, (view) => view.request.stream),
  requestNoun(
    'request.tokens',
    { type: NUMBER, example: 100, doc: 'Linear estimate of the prompt, in tokens.' },
    (view) => view.promptTokens,
  ),
  requestNoun(
    'request.max_tokens',
    { type: NUMBER, optional: true, doc: 'Output bound of the client, in tokens per choice.' },
    (view) => view.request.maxTokens,
  ),
  requestNoun(
    'request.temperature',
    { type: NUMBER, optional: true, doc: 'Sampling temperature of the client.' },
    (view) => view.request.temperature,
  ),
  requestNoun(
    'request.tools',
    { type: TOOLS, example: [], doc: 'Tools the client offers; a tool that config does not list writes.' },
    toolsOf,
  ),
  requestNoun(
    'request.references',
    { type: TEXTS, example: [], doc: 'Kinds of content held elsewhere and not seen: image URLs, file ids.' },
    (view) => view.request.references,
  ),
  requestNoun(
    'request.server_tools',
    { type: TEXTS, example: [], doc: 'Tools that the provider would run.' },
    (view) => view.request.serverTools,
  ),
  requestNoun(
    'request.has_references',
    { type: BOOL, example: false, doc: 'The request refers to content held elsewhere.' },
    (view) => view.request.references.length > 0,
  ),
  requestNoun(
    'request.has_server_tools',
    { type: BOOL, example: false, doc: 'The request asks for tools that the provider runs.' },
    (view) => view.request.serverTools.length > 0,
  ),
  requestNoun(
    'request.has_unscanned',
    { type: BOOL, example: false, doc: 'The request holds content that no guard can read (images, audio, files).' },
    (view) => view.request.unscanned.length > 0,
  ),
]

/** A value that is no text is as if it were not there: nothing is converted. */
const METADATA_NOUN: Attribute = {
  name: 'metadata.*',
  type: TEXT,
  optional: true,
  source: 'claimed',
  lifetime: 'exchange',
  cost: 'free',
  phase: 'request',
  doc: 'A text in `x-sallyport-metadata`; a module declares the keys that it reads: `attribute metadata.case_id : text?`.',
  resolve: ({ claims: { metadata } }, word) => {
    const value = Object.hasOwn(metadata, word) ? metadata[word] : null
    return typeof value === 'string' ? value : null
  },
}

const TIME_NOUNS: readonly Attribute[] = [
  requestNoun('time.unix', { type: NUMBER, source: 'proved', example: 1767225600, doc: 'Seconds since 1970.' }, (view) =>
    Math.floor(view.receivedAt / 1000),
  ),
  requestNoun(
    'time.hour',
    { type: NUMBER, source: 'proved', example: 12, doc: 'Hour of the day in the tenant’s zone, 0 to 23.' },
    (view) => clockIn(view.tenant.timeZone, view.receivedAt).hour,
  ),
  requestNoun(
    'time.weekday',
    { type: NUMBER, source: 'proved', example: 1, doc: 'Day of the week in the tenant’s zone, 1 (Monday) to 7.' },
    (view) => clockIn(view.tenant.timeZone, view.receivedAt).weekday,
  ),
]

const RESPONSE_NOUNS: readonly Attribute[] = [
  {
    name: 'response.finish_reason',
    type: TEXT,
    optional: true,
    source: 'claimed',
    lifetime: 'exchange',
    cost: 'free',
    phase: 'response',
    doc: 'Why the model stopped, in the provider’s word.',
    resolve: (view) => view.finishReason,
  },
  {
    name: 'response.tokens',
    type: NUMBER,
    optional: false,
    example: 10,
    source: 'claimed',
    lifetime: 'exchange',
    cost: 'free',
    phase: 'response',
    doc: 'Tokens of the answer.',
    resolve: (view) => view.completionTokens,
  },
  {
    name: 'response.has_unscanned',
    type: BOOL,
    optional: false,
    example: false,
    source: 'claimed',
    lifetime: 'exchange',
    cost: 'free',
    phase: 'response',
    doc: 'The answer holds content that no guard can read (audio, images, sealed reasoning).',
    resolve: (view) => view.unscanned.length > 0,
  },
]

function toolsOf(view: ExchangeView): Value {
  return view.request.tools.map(({ name, source }) => ({ name, source, writes: view.directory.tools.get(name)?.writes ?? true }))
}

export const KERNEL_VOCABULARY: PluginVocabulary = {
  attributes: [...FEATURE_NOUNS, ...REQUEST_NOUNS, METADATA_NOUN, ...TIME_NOUNS, ...RESPONSE_NOUNS],
}
